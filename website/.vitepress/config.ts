import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import type { Plugin } from 'vite';
import { apiSidebar, pageSidebar } from './sidebar.js';
import { slugify } from './slugify.js';
import { linksToSources } from './source-links.js';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');

/** The pages lie outside of this folder, where its packages are: Vue is looked up from here. */
const vueForPages: Plugin = {
  name: 'vue for pages',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!/^vue(?:\/|$)/.test(id) || !importer?.startsWith(DOCS)) return;
    return this.resolve(id, import.meta.filename, { ...options, skipSelf: true });
  },
};

/** The same as the demo's. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%234338ca'/%3E%3Ccircle cx='6' cy='8' r='2.5' fill='white'/%3E%3Ccircle cx='11' cy='8' r='2.5' fill='white' opacity='.7'/%3E%3C/svg%3E";

/** `npm run docs` builds the site; the demo serves it at /docs/. */
export default defineConfig({
  srcDir: '../docs',
  outDir: 'dist',
  base: '/docs/',
  lang: 'en',
  head: [['link', { rel: 'icon', href: ICON }]],
  title: 'nestjs-jamsocket',
  description: 'Stateful WebSocket rooms for NestJS',
  rewrites: { 'README.md': 'index.md', 'api/README.md': 'api/index.md' },
  lastUpdated: false,
  ignoreDeadLinks: 'localhostLinks',
  vite: { plugins: [vueForPages] },
  markdown: {
    anchor: { slugify },
    theme: { light: 'github-light', dark: 'github-dark' },
    config: (markdown) => markdown.use(linksToSources),
  },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Reference', link: '/reference' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: { '/api/': apiSidebar(), '/': pageSidebar() },
    outline: [2, 3],
  },
});
