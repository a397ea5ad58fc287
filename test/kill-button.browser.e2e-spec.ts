import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { draw, lines, openBoard, says } from './support/board-page.js';
import { launchBrowser } from './support/browser.js';
import { newDataFolder } from './support/demo-app.js';
import { buildDemo, startDemoProcess, type DemoBuild, type DemoProcess } from './support/demo-process.js';

/** Three processes and a browser take their time on a busy machine. */
const PATIENCE_MS = 180_000;

describe('the page of a demo with two workers', () => {
  let build: DemoBuild;
  let demo: DemoProcess;
  let dataFolder: string;
  let browser: Browser;

  beforeAll(async () => {
    dataFolder = await newDataFolder();
    build = await buildDemo();
    demo = await startDemoProcess(build, { WORKERS: '2', DATA_DIR: dataFolder });
    browser = await launchBrowser();
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    await demo?.kill();
    build?.remove();
    await rm(dataFolder, { recursive: true, force: true });
  });

  it(
    'has a button that kills the process of the room, after which both panes are back with all lines',
    async () => {
      const errors: string[] = [];
      const page = await openBoard(browser, `${demo.http}/#board/killed`, errors);
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
