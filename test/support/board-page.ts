import { expect } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { watchErrors } from './browser.js';

/** Opens the demo's page with a whiteboard, and waits until both panes are in the room. */
export async function openBoard(browser: Browser, url: string, errors: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  watchErrors(page, errors);
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

/** Both panes have so many lines, and the room has them all: no piece waits for its answer any more. */
export async function lines(page: Page, count: number): Promise<void> {
  const label = `Whiteboard with ${count} ${count === 1 ? 'line' : 'lines'}`;
  for (const pane of await page.getByRole('region', { name: 'Client' }).all()) {
    await pane.getByRole('img', { name: label, exact: true }).waitFor();
    const drawn = pane.locator('polyline[points]');
    await drawn.nth(count).waitFor({ state: 'detached' });
    expect(await drawn.count()).toBe(count);
  }
}
