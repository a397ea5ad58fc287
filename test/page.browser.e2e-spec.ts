import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketService } from 'nestjs-jamsocket';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Browser, Locator, Page } from 'playwright-core';
import { ClientScript } from '../src/client-script.js';
import { ClusterController } from '../src/cluster.controller.js';
import { KillController } from '../src/kill.controller.js';
import { PageController } from '../src/page.controller.js';
import { launchBrowser, watchErrors } from './support/browser.js';
import { buildClient, type BuiltClient } from './support/built-client.js';
import { newDataFolder, startDemo } from './support/demo-app.js';
import { startTestApp } from './support/test-app.js';

@JamsocketService({ path: 'single', limits: { maxClientsPerRoom: 1 } })
class SingleRoom {}

describe('the page, in a browser', () => {
  let browser: Browser;
  let client: BuiltClient;
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let dataFolder: string;
  /** Of all tests: a page of its own would cost each a second of CPU time. */
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    [browser, client] = await Promise.all([launchBrowser(), buildClient()]);
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    dataFolder = await newDataFolder();
    demo = await startDemo({ client, dataFolder });
  });
  beforeEach(() => {
    errors = [];
    watchErrors(page, errors);
  });
  afterEach(async () => {
    await page.evaluate('localStorage.clear(); sessionStorage.clear()');
    await page.goto('about:blank');
    page.removeAllListeners();
    expect(errors).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await demo.close();
    await client.remove();
    await rm(dataFolder, { recursive: true });
  });

  const visit = async (address: string, http = demo.http) => {
    await page.goto(`${http}/#${address}`);
    return { a: pane('Client A'), b: pane('Client B') };
  };
  const pane = (name: string) => page.getByRole('region', { name });
  const says = (where: Locator, text: string | RegExp) => where.getByRole('status').filter({ hasText: text }).waitFor();
  const hears = (where: Locator, text: string | RegExp) =>
    where.locator('li.received').filter({ hasText: text }).waitFor();
  const notes = (where: Locator, text: string | RegExp) => where.locator('li.note').filter({ hasText: text }).waitFor();
  const counts = (where: Locator, value: string) =>
    where
      .locator('output:visible')
      .filter({ hasText: new RegExp(`^${value}$`) })
      .waitFor();
  const statesOf = (...panes: Locator[]) => Promise.all(panes.map((each) => each.locator('.state').textContent()));
  const enter = async (where: Locator, text: string) => {
    await where.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
  };
  const connected = async (...panes: Locator[]) => {
    for (const each of panes) await says(each, /^connected as client \d$/);
  };

  it('lets two panes chat with each other, by keyboard', async () => {
    const { a, b } = await visit('chat/lobby');
    await connected(a, b);
    await enter(a, 'hello there');
    await hears(b, /^client\d: hello there$/);
    await enter(b, 'hello yourself');
    await hears(a, /^client\d: hello yourself$/);
    // Once: as the room has sent it to everyone.
    expect(await b.locator('li', { hasText: 'hello yourself' }).count()).toBe(1);
  });

  it('sends bytes, and shows them as such', async () => {
    const { a, b } = await visit('relay/one');
    await connected(a, b);
    await a.getByRole('button', { name: 'Send bytes' }).click();
    await hears(a, /^bytes( [0-9a-f]{2}){8}$/);
    await hears(b, (await a.locator('li.received').textContent())!);
  });

  it('keeps its size with many messages, and shows the newest', async () => {
    const { a } = await visit('echo/one');
    await connected(a);
    const list = a.getByRole('log');
    const before = await list.boundingBox();
    for (let line = 1; line <= 20; line++) await enter(a, `line ${line}`);
    await hears(a, 'line 20');
    const after = await list.boundingBox();
    expect(after!.height).toBe(before!.height);
    const newest = await list.getByRole('listitem').last().boundingBox();
    expect(newest!.y + newest!.height).toBeLessThanOrEqual(after!.y + after!.height);
  });

  it('counts by buttons, in both panes, and shows the value of a room that it joins', async () => {
    const { a, b } = await visit('counter/one');
    await connected(a, b);
    for (const each of [a, b]) await counts(each, '0');
    await a.getByRole('button', { name: 'increment' }).click();
    for (const each of [a, b]) await counts(each, '1');
    await page.reload();
    for (const each of [a, b]) await counts(each, '1');
  });

  it('shows the cursor of the other pane, moved by arrow keys', async () => {
    const { a, b } = await visit('cursors/board');
    await connected(a, b);
    await a.getByRole('application').press('ArrowRight');
    await b.locator('.cursor', { hasText: /^client \d$/ }).waitFor();
    await a.getByRole('button', { name: 'Disconnect' }).click();
    await b.locator('.cursor').waitFor({ state: 'detached' });
  });

  it('joins the room that a new address names, and makes new rooms', async () => {
    const { a } = await visit('echo/one');
    await connected(a);
    await page.getByLabel('Room', { exact: true }).fill('two words');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/#echo/two%20words');
    await connected(a);
    await page.getByRole('button', { name: 'New room' }).click();
    await page.waitForURL((url) => url.hash.startsWith('#echo/') && !url.hash.includes('two'));
    await connected(a);
  });

  it('comes back by itself after the server has restarted, says so, and sends what has waited', async () => {
    const { a, b } = await visit('chat/lobby');
    await connected(a, b);
    await demo.close();
    for (const each of [a, b]) await says(each, 'connection lost');
    await enter(a, 'said to nobody');
    expect(await a.locator('li.waiting').textContent()).toBe('said to nobody');

    demo = await startDemo({ port: demo.port, client, dataFolder });
    for (const each of [a, b]) {
      await says(each, /^the server has restarted: joined anew as client \d$/);
      await notes(each, /^The server has restarted: joined anew as client \d\.$/);
    }
    await hears(a, /^client\d: said to nobody$/);
    expect(await a.locator('li.waiting').count()).toBe(0);
  });

  it('adds up in the ledger, and goes on as the same clients after a restart, which it names', async () => {
    const { a, b } = await visit('ledger/one');
    await connected(a, b);
    const before = await statesOf(a, b);
    await a.getByRole('button', { name: 'Add' }).click();
    for (const each of [a, b]) await counts(each, '3');
    await demo.close();
    for (const each of [a, b]) await says(each, 'connection lost');
    await b.getByLabel('Amount').fill('-5');
    await page.keyboard.press('Enter');
    expect(await b.locator('li.waiting').textContent()).toBe('add tea -5');

    demo = await startDemo({ port: demo.port, client, dataFolder });
    for (const each of [a, b]) {
      await counts(each, '-2');
      await notes(each, /^Back after a restart, still as client \d\.$/);
    }
    const back = before.map((state) => state!.replace('connected', 'back after a restart, still'));
    expect(await statesOf(a, b)).toEqual(back);
  });

  it('finds out that the server has restarted if that was not announced', async () => {
    const cut = socketsOf(demo);
    const { a, b } = await visit('ledger/two');
    await connected(a, b);
    cut();
    await demo.close();
    demo = await startDemo({ port: demo.port, client, dataFolder });
    for (const each of [a, b]) {
      await says(each, /^back after a restart, still as client \d$/);
      await notes(each, /^Back after a restart, still as client \d\.$/);
    }
  });

  it('tries again at once when asked to', async () => {
    // The waits are random. These are hours long, so that only the button ends them.
    await page.addInitScript('if (location.hash === "#chat/patient") Math.random = () => 1e5');
    const { a } = await visit('chat/patient');
    await connected(a);
    await demo.close();
    await a.getByText(/^next try in \d+ s$/).waitFor();
    demo = await startDemo({ port: demo.port, client, dataFolder });
    await a.getByRole('button', { name: 'now' }).click();
    await says(a, /^the server has restarted: joined anew as client \d$/);
  });

  it('is back as the same client when only the connection was lost', async () => {
    const cut = socketsOf(demo);
    const { a, b } = await visit('chat/lobby');
    await connected(a, b);
    const before = await a.getByRole('status').textContent();
    cut();
    for (const each of [a, b]) await says(each, /^back as the same client, number \d$/);
    expect(await a.getByRole('status').textContent()).toContain(/\d$/.exec(before!)![0]);
    await enter(b, 'still here');
    await hears(a, /^client\d: still here$/);
    expect(await a.locator('li.received', { hasText: 'has left' }).count()).toBe(0);
  });

  it('shows that a guard has refused, does not try again by itself, and joins with a token', async () => {
    const { a, b } = await visit('members/club');
    await connected(a, b);
    const dials: string[] = [];
    page.on('websocket', (socket) => dials.push(socket.url()));
    await a.getByLabel('Token').selectOption('none');
    await says(a, 'a guard has refused with 401');
    await notes(a, 'A guard has refused with 401.');
    expect(await a.getByRole('button', { name: 'now' }).isVisible()).toBe(false);
    expect(dials).toHaveLength(1);
    await a.getByLabel('Token').selectOption('Alice’s');
    await connected(a);
    await enter(a, 'hello');
    await hears(b, 'Alice: hello');
  });

  it('shows that there is no such service', async () => {
    const { a } = await visit('nonsense/lobby');
    await says(a, 'the server has refused with 404 (no_such_service)');
  });

  it('shows that a room is full, and does not go on trying', async () => {
    const app = await startTestApp({
      controllers: [PageController, ClusterController, KillController],
      providers: [SingleRoom, { provide: ClientScript, useValue: client }],
    });
    try {
      await visit('single/one', app.http);
      const refused = page.locator('[data-state=failed]');
      await says(refused, 'refused: the room is full');
      await page.locator('[data-state=open]').waitFor();
      expect(await refused.getByRole('button', { name: 'Connect' }).isVisible()).toBe(true);
    } finally {
      await page.goto(demo.http);
      await app.close();
    }
  });
});

/** @returns a function that cuts all connections opened since */
function socketsOf({ app }: Awaited<ReturnType<typeof startDemo>>): () => void {
  const sockets = new Set<Socket>();
  (app.getHttpServer() as Server).on('connection', (socket) => sockets.add(socket));
  return () => sockets.forEach((socket) => socket.destroy());
}
