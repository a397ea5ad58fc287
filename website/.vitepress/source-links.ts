import type { MarkdownRenderer } from 'vitepress';

/** Address of the repository's files, if the site is built for one: links to sources lead there. Otherwise they are text. */
const { SOURCE_URL } = process.env;

/** Links of the pages to files outside of docs/, such as sources and specs, have no page on the site. */
export function linksToSources(markdown: MarkdownRenderer): void {
  markdown.core.ruler.after('inline', 'source-links', ({ tokens }) => {
    for (const { children } of tokens) {
      let isOutside = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = String(token.attrGet('href'));
          isOutside = href.startsWith('../') && href !== '../README.md';
          if (href === '../README.md') token.attrSet('href', '/');
          if (isOutside && SOURCE_URL !== undefined) token.attrSet('href', SOURCE_URL + href.slice('../'.length));
          else if (isOutside) Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '' });
        } else if (token.type === 'link_close' && isOutside && SOURCE_URL === undefined) {
          Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '' });
        }
      }
    }
  });
}
