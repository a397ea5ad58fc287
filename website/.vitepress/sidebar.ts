import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const API = join(DOCS, 'api');
const KINDS = ['classes', 'functions', 'variables', 'interfaces', 'type-aliases'];

/** The order of docs/README.md, the one index of the pages. */
export function pageSidebar(): DefaultTheme.SidebarItem[] {
  const groups: (DefaultTheme.SidebarItem & { items: DefaultTheme.SidebarItem[] })[] = [];
  for (const line of readFileSync(join(DOCS, 'README.md'), 'utf8').split('\n')) {
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) groups.push({ text: heading, items: [] });
    const [, text, page] = /^- \[([^\]]+)\]\(([\w-]+)\.md\)/.exec(line) ?? [];
    if (page !== undefined) groups.at(-1)!.items.push({ text, link: `/${page}` });
  }
  groups.at(-1)!.items.push({ text: 'API', link: '/api/' });
  return groups;
}

/** What users import, each with its classes, functions and types. */
export function apiSidebar(): DefaultTheme.SidebarItem[] {
  return [{ text: 'All pages', link: '/' }, ...modulesIn('')];
}

/** Typedoc makes a folder for each module, with a README.md and a folder for each kind of symbol. */
function modulesIn(path: string): DefaultTheme.SidebarItem[] {
  if (!existsSync(join(API, path))) return [];
  const folders = readdirSync(join(API, path), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const folder = `${path}${name}/`;
    if (!existsSync(join(API, folder, 'README.md'))) return [];
    const module = {
      text: folder.slice(0, -1),
      link: `/api/${folder}README`,
      collapsed: true,
      items: symbolsIn(folder),
    };
    return [module, ...modulesIn(folder)];
  });
}

function symbolsIn(folder: string): DefaultTheme.SidebarItem[] {
  return KINDS.filter((kind) => existsSync(join(API, folder, kind))).flatMap((kind) =>
    readdirSync(join(API, folder, kind)).map((file) => {
      const name = file.replace(/\.md$/, '');
      return { text: name, link: `/api/${folder}${kind}/${name}` };
    }),
  );
}
