import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { draw, lines, openBoard, says } from './support/board-page.js';
import { DemoInBrowser } from './support/demo-in-browser.js';

/** Three processes and a browser take their time on a busy machine. */
const PATIENCE_MS = 180_000;

describe('the page of a demo with two workers', () => {
  const demo = new DemoInBrowser();

  beforeAll(() => demo.open(), PATIENCE_MS);
  afterAll(() => demo.close());

  it(
    'has a button that kills the process of the room, after which both panes are back with all lines',
    async () => {
      const errors: string[] = [];
      const page = await openBoard(demo.browser, `${demo.http}/#board/killed`, errors);
      const pane = page.getByRole('region', { name: 'Client A' });
      await draw(pane, 100);
      await lines(page, 1);
      const region = page.getByRole('region', { name: 'Kill the process' });
      const button = region.getByRole('button');
      await button.click();
      await region.getByText(/has been killed|have just started/).waitFor();
      while (await region.getByText('have just started').isVisible()) {
        await page.waitForTimeout(1_000);
        await button.click();
        await region.getByText(/has been killed|have just started/).waitFor();
      }
      const killed = /^(\S+:\d+) has been killed/.exec((await region.getByRole('status').textContent())!)![1];
      await page
        .getByText(/^This page talks to/)
        .filter({ hasText: /has the room/, hasNotText: killed })
        .waitFor();
      await says(page, /^back (after a restart, still as client|as the same client, number) \d+$/);
      await lines(page, 1);
      await page.close();
      expect(errors).toEqual([]);
    },
    PATIENCE_MS,
  );
});
