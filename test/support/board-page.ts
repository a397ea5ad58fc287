import { expect } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';

/** What a browser logs itself when a server is away. */
const IS_FAILED_DIAL = /^WebSocket connection to '[^']*' failed|^Failed to load resource: net::ERR_/;

/** Opens the demo's page with a whiteboard, and waits until both panes are in the room. */
export async function openBoard(browser: Browser, url: string, errors: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !IS_FAILED_DIAL.test(message.text())) errors.push(message.text());
  });
  await page.goto(url);
  await says(page, /^connected as client \d+$/);
  return page;
}

/** Draws a line from left to right, `y` pixels from the top of the board. */
export async function draw(pane: Locator, y: number): Promise<void> {
  const { mouse } = pane.page();
  await pane.locator('.drawing').scrollIntoViewIfNeeded();
  const box = await boxOf(pane);
  await mouse.move(box.x + 30, box.y + y);
  await mouse.down();
  for (let x = 40; x <= 200; x += 20) await mouse.move(box.x + x, box.y + y);
  await mouse.up();
}

export async function setName(pane: Locator, text: string): Promise<void> {
  await pane.getByLabel('Your name').fill(text);
  await pane.getByLabel('Your name').press('Enter');
}

export async function boxOf(pane: Locator) {
  return (await pane.locator('.drawing').boundingBox())!;
}

/** Both panes say this of their connection. */
export async function says(page: Page, text: string | RegExp): Promise<void> {
  for (const pane of await page.getByRole('region', { name: 'Client' }).all())
    await pane.locator('.state').filter({ hasText: text }).waitFor();
}

/** Both panes have so many lines, and the room has them all. */
export async function lines(page: Page, count: number): Promise<void> {
  const label = `Whiteboard with ${count} ${count === 1 ? 'line' : 'lines'}`;
  for (const pane of await page.getByRole('region', { name: 'Client' }).all()) {
    await pane.getByRole('img', { name: label, exact: true }).waitFor();
    expect(await pane.locator('polyline[points]').count()).toBe(count);
  }
}
