import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');

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

/** As typedoc wrote it beside its pages. */
export function apiSidebar(): DefaultTheme.SidebarItem[] {
  const file = join(DOCS, 'api', 'typedoc-sidebar.json');
  const groups = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DefaultTheme.SidebarItem[]) : [];
  return [{ text: 'All pages', link: '/' }, ...groups];
}
