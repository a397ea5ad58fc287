import { describe, expect, it } from '@jest/globals';
import { PageFiles } from './page-files.js';

describe('the files of the page', () => {
  it('insert a path as text, never as markup', async () => {
    const html = await new PageFiles().page(`/"><script>$&</script>'`);
    expect(html).toContain('content="/&#34;&#62;&#60;script&#62;$&#38;&#60;/script&#62;&#39;"');
    expect(html).not.toContain('<script>$');
  });

  it.each(['index.html', 'tsconfig.json', 'contract.d.ts', '../package.json', '', '.', 'constructor'])(
    'are none of %j',
    async (name) => {
      expect(await new PageFiles().asset(name)).toBeUndefined();
    },
  );
});
