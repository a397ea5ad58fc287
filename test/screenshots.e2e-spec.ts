import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { lines, says, setName } from './support/board-page.js';
import { launchBrowser } from './support/browser.js';
import { DemoInBrowser } from './support/demo-in-browser.js';
import { visit } from './support/inspector-visit.js';
import { BoardRoom, ChatRoom, Crowd, QuizRoom } from './support/screenshots/inspected-rooms.js';
import { BOAT, point, sketch, SUN_AND_SEA } from './support/screenshots/sketch.js';
import { smallPng } from './support/screenshots/small-png.js';
import { startTestApp, type TestApp } from './support/test-app.js';

/** `npm run screenshots` takes all pictures of the documentation anew. Look at each before you commit it. */
const describeIfAsked = process.env.SCREENSHOTS === '1' ? describe : describe.skip;
const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');
const MAX_BYTES = 150_000;
const PATIENCE_MS = 180_000;

/** Long enough for the lines in the inspector's header to have a shape. */
const TRAFFIC_MS = 18_000;

/** The metrics of the process itself come first. */
const SCROLL_TO_ROOMS = `{
  const pre = document.querySelector('pre');
  const lines = pre.textContent.split('\\n');
  scrollTo(0, (pre.offsetHeight * lines.findIndex((line) => line.startsWith('# HELP jamsocket_'))) / lines.length);
}`;

async function take(page: Page, name: string) {
  await keep(await page.screenshot({ animations: 'disabled' }), name);
}

async function keep(screenshot: Buffer, name: string) {
  const png = smallPng(screenshot);
  expect(png.length).toBeLessThan(MAX_BYTES);
  await writeFile(join(IMAGES, name), png);
}

describeIfAsked('screenshots of the demo', () => {
  const demo = new DemoInBrowser();

  beforeAll(() => demo.open(), PATIENCE_MS);
  afterAll(() => demo.close());

  const open = async (path: string, options: BrowserContextOptions, { http }: { readonly http: string } = demo) => {
    const { page } = await visit(demo.browser, `${http}/${path}`, { colorScheme: 'light', ...options });
    return page;
  };
  const client = (page: Page, name: 'A' | 'B') => page.getByRole('region', { name: `Client ${name}` });

  it(
    'show the whiteboard after its process was killed',
    async () => {
      const page = await open('#board/regatta', { viewport: { width: 1100, height: 700 } });
      const phone = await open('#board/regatta', { viewport: { width: 390, height: 844 }, isMobile: true });
      for (const each of [page, phone]) await says(each, /^connected as client \d$/);
      for (const [pane, name] of [
        [client(page, 'A'), 'Ada'],
        [client(page, 'B'), 'Ken'],
        [client(phone, 'A'), 'Grace'],
        [client(phone, 'B'), 'Tim'],
      ] as const) {
        await setName(pane, name);
        await pane.getByLabel('Your name').blur();
      }
      await sketch(client(page, 'A'), SUN_AND_SEA);
      await sketch(client(page, 'B'), BOAT);
      const strokes = [...SUN_AND_SEA, ...BOAT].flatMap((each) => each.lines).length;
      await lines(page, strokes);

      await killItsProcess(page);
      await says(page, /^back (after a restart, still as client|as the same client, number) \d$/);
      await lines(page, strokes);
      await page.evaluate('scrollTo(0, 0)');
      await point(client(phone, 'A'), [64, 44]);
      await point(client(page, 'A'), [48, 30]);
      for (const name of ['Ada', 'Grace']) await client(page, 'B').locator('.cursor', { hasText: name }).waitFor();
      await take(page, 'demo.png');
      await page.emulateMedia({ colorScheme: 'dark' });
      await take(page, 'demo-dark.png');
    },
    PATIENCE_MS,
  );

  it(
    'show its metrics and its health',
    async () => {
      const single = await demo.startSingle();
      try {
        for (const service of ['board', 'chat', 'clock']) {
          const page = await open(`#${service}/lobby`, {}, single);
          await says(page, /^connected as client \d$/);
          if (service === 'board') await sketch(client(page, 'A'), BOAT);
        }
        const metrics = await open('metrics', { viewport: { width: 1000, height: 640 } }, single);
        await metrics.evaluate(SCROLL_TO_ROOMS);
        await take(metrics, 'metrics.png');
        const health = await open('health', { viewport: { width: 1000, height: 120 } }, single);
        await take(health, 'health.png');
      } finally {
        await single.kill();
      }
    },
    PATIENCE_MS,
  );
});

/** The demo refuses while its processes have just started. */
async function killItsProcess(page: Page): Promise<void> {
  const region = page.getByRole('region', { name: 'Kill the process' });
  for (;;) {
    await region.getByRole('button').click();
    await region.getByText(/has been killed|have just started/).waitFor();
    if (await region.getByText('has been killed').isVisible()) return;
    await page.waitForTimeout(1_000);
  }
}

describeIfAsked('screenshots of the inspector', () => {
  let browser: Browser;
  let app: TestApp;
  const crowd = new Crowd();

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp({
      imports: [JamsocketInspectorModule.forRoot({ state: true, intervalMs: 1_000 })],
      providers: [ChatRoom, BoardRoom, QuizRoom],
    });
    await crowd.gather(app.ws);
  }, 60_000);
  afterAll(async () => {
    await crowd.leave();
    await browser?.close();
    await app?.close();
  });

  it(
    'show rooms, one room, and the dark',
    async () => {
      const options = { viewport: { width: 1240, height: 720 }, colorScheme: 'light' } as const;
      const { page, close } = await visit(browser, `${app.http}/inspector`, options);
      await page.waitForTimeout(TRAFFIC_MS);
      // Packing a picture holds up the rooms of this process, which the next picture would show: so at the end.
      const rooms = await page.screenshot();
      await page.locator('#rooms-rows').getByText('pub-night').click();
      await page.mouse.move(0, 0);
      await page.locator('#traffic-rows [role=row]').nth(12).waitFor();
      const light = await page.screenshot();
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await page.screenshot();
      await keep(rooms, 'inspector-rooms.png');
      await keep(light, 'inspector-room.png');
      await keep(dark, 'inspector-dark.png');
      await close();
    },
    PATIENCE_MS,
  );
});
