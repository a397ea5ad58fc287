// Copies the documentation into the package: `node libs/jamsocket/pack-docs.mjs [folder]`. Whoever has installed it has the
// pages of that version, and the page of the registry can link them.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const DOCS = join(ROOT, 'docs');
const folder = process.argv[2] ?? join(import.meta.dirname, 'docs');

const DASHBOARD = 'grafana-dashboard.json';
/** For those who change the library. */
const NOT_FOR_USERS = ['architecture.md'];

const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md') && !NOT_FOR_USERS.includes(name));
const isInPackage = (path) => ['', '../README.md', DASHBOARD, ...pages].includes(path);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const page of pages) {
  const text = readFileSync(join(DOCS, page), 'utf8')
    .replace(/^!\[[^\]]*\]\(images\/[^)]*\)\n\n/gm, '')
    .replace(/^<picture>\n.*?^<\/picture>\n\n/gms, '')
    .replace(/\[([^\]]*)\]\((?!\w+:)([^)#]*)(#[^)]*)?\)/g, (link, words, path) => (isInPackage(path) ? link : words));
  writeFileSync(join(folder, page), text);
}
cpSync(join(DOCS, DASHBOARD), join(folder, DASHBOARD));
cpSync(join(ROOT, 'CHANGELOG.md'), join(folder, 'CHANGELOG.md'));
