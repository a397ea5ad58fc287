import { afterAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';

const LIBS = join(import.meta.dirname, '../libs');
const folder = mkdtempSync(join(tmpdir(), 'jamsocket-packages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packages = ['jamsocket', 'client'].map((name) => ({
  readme: readFileSync(join(LIBS, name, 'README.md'), 'utf8'),
  manifest: JSON.parse(readFileSync(join(LIBS, name, 'package.json'), 'utf8')) as Record<string, unknown>,
}));

it('the client has source maps with sources: an error is found in the file that throws it', () => {
  const script = `const { build } = await import(${JSON.stringify(join(LIBS, 'client/build.mjs'))}); await build(process.argv[1]);`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script, join(folder, 'client')]);
  const text = readFileSync(join(folder, 'client/index.js'), 'utf8');
  expect(text).toMatch(/\n\/\/# sourceMappingURL=index\.js\.map\n$/);
  const payload = JSON.parse(readFileSync(join(folder, 'client/index.js.map'), 'utf8')) as SourceMapPayload;
  const lines = text.split('\n');
  const line = lines.findIndex((each) => each.includes('close() takes the code'));
  const entry = new SourceMap(payload).findEntry(line, lines[line].indexOf('close() takes the code'));
  expect(entry).toMatchObject({ originalSource: '../src/room.ts' });
  const source = payload.sourcesContent[payload.sources.indexOf('../src/room.ts')];
  const near = source.split('\n').slice((entry as { originalLine: number }).originalLine - 1);
  expect(near.slice(0, 3).join('\n')).toContain('close() takes the code');
});

it('the library has its documentation with it, and no link or picture of a page leads nowhere', () => {
  const docs = join(folder, 'docs');
  execFileSync(process.execPath, [join(LIBS, 'jamsocket/pack-docs.mjs'), docs]);
  const pages = readdirSync(docs).filter((name) => name.endsWith('.md'));
  expect(pages.length).toBeGreaterThan(25);
  const isThere = (path: string) => path === '../README.md' || existsSync(join(docs, path));
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(docs, page), 'utf8').replace(/^ *```.*?^ *```$/gms, '');
    const links = [...text.matchAll(/(?:\]\((?!\w+:)| src="| srcset=")([^)#\s"]+)/g)].map(([, path]) =>
      normalize(join(dirname(page), path)),
    );
    return links.filter((path) => !isThere(path)).map((path) => `${page}: ${path}`);
  });
  expect(broken).toEqual([]);
});

it.each(packages)(
  'the page of $manifest.name has only absolute links, and those to pages that are there',
  ({ readme }) => {
    const links = [...readme.matchAll(/\]\(([^)]*)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !link.startsWith('https://'))).toEqual([]);
    const pages = links.flatMap((link) => /^https:\/\/unpkg\.com\/nestjs-jamsocket\/docs\/(.*)$/.exec(link)?.[1] ?? []);
    expect(pages.length).toBeGreaterThan(5);
    const docs = join(LIBS, '../docs');
    expect(pages.filter((page) => page !== 'CHANGELOG.md' && !existsSync(join(docs, page)))).toEqual([]);
  },
);

it.each(packages)(
  '$manifest.name says who made it, and has every peer that is optional among its peers',
  ({ manifest }) => {
    expect(manifest.author).toBe('the nestjs-jamsocket authors');
    const { peerDependencies, peerDependenciesMeta } = manifest as Record<string, Record<string, unknown>>;
    for (const peer of Object.keys(peerDependenciesMeta)) expect(peerDependencies).toHaveProperty([peer]);
  },
);

it('both packages have the same version', () => {
  expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1);
});
