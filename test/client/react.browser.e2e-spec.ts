import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  Presence,
  SharedState,
  type Client,
} from 'nestjs-jamsocket';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { Journal } from '../support/gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { TestClient } from '../support/test-client.js';
import { bundle, serve } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

const source = readFileSync(`${import.meta.dirname}/support/react-page.ts`, 'utf8');
const html = '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>';
const journal = new Journal();
@JamsocketService()
@Presence({ everyMs: 0 })
class ChatRoom {
  readonly board = new SharedState({ red: { points: 0 }, log: [] as number[] });

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect({ id, roomId }: Client) {
    journal.add(`${roomId}: ${id} is here`);
  }

  @OnMessage('say')
  say({ id, roomId }: Client, text: string) {
    journal.add(`${roomId}: ${id} says ${text}`);
    this.tell(`${id} says ${text}`);
  }

  @OnMessage('ask')
  ask({ id }: Client) {
    return `answer to ${id}`;
  }

  @OnDisconnect()
  disconnect({ id, roomId, closed }: Client) {
    journal.add(`${roomId}: ${id} has left with ${closed?.code}`);
  }

  tell(text: string) {
    this.ctx.emit(Broadcast, 'said', text);
  }

  score(points: number) {
    this.board.change(({ red }) => void (red.points += points));
  }

  count() {
    const [client] = this.ctx.clients.values();
    return client.ask('how many?', 'lines');
  }

  note(entry: number) {
    this.board.change(({ log }) => void log.push(entry));
    this.tell(`noted ${entry}`);
  }
}

describe('useRoom in a browser, in StrictMode', () => {
  let browser: Browser;
  let script: string;
  let test: TestApp;
  let page: Page;
  const sockets = new Set<Socket>();
  const pageErrors: Error[] = [];

  beforeAll(async () => {
    [script, browser] = await Promise.all([bundle(source), launchBrowser()]);
  }, PATIENCE_MS);

  afterAll(() => browser?.close());

  beforeEach(async () => {
    journal.clear();
    pageErrors.length = 0;
    test = await startTestApp({ providers: [ChatRoom], configure: serve({ '/': html, '/page.js': script }) });
    const server = test.app.getHttpServer() as Server;
    server.on('connection', (socket) => sockets.add(socket));
    page = await browser.newPage();
    page.on('pageerror', (error) => pageErrors.push(error));
    await page.goto(test.http);
  }, PATIENCE_MS);

  afterEach(async () => {
    await page.close();
    await test.close();
    sockets.clear();
    expect(pageErrors).toEqual([]);
  }, PATIENCE_MS);

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const shows = (id: string, text: string) => page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();
  const cut = () => sockets.forEach((socket) => socket.resetAndDestroy());

  it('joins once, sends, asks and renders what it hears', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('say');
    await shows('lines', '1 says hello');
    await press('ask');
    await shows('lines', '1 says hello, answer to 1');
    expect(journal.entries).toEqual(['one: 1 is here', 'one: 1 says hello']);
  });

  it('shows that the connection is lost, and goes on as the same client', async () => {
    await press('one');
    await shows('client', 'one open 1');
    cut();
    await test.app.get(JamsocketRooms).invoke(ChatRoom, 'one', 'tell', 'told meanwhile');
    await shows('lines', 'told meanwhile');
    await shows('client', 'one open 1');
    expect(await page.locator('#statuses').textContent()).toMatch(/open reconnecting open$/);
    expect(journal.entries).toEqual(['one: 1 is here']);
  });

  it('renders again when the part of the shared state that a component selects has changed, and only then', async () => {
    const rooms = test.app.get(JamsocketRooms);
    const commits = () => page.evaluate('commits');
    await press('one');
    await shows('score', 'red 0, 0 even');
    await rooms.invoke(ChatRoom, 'one', 'score', 5);
    await shows('score', 'red 5, 0 even');
    const before = Number(await commits());
    await rooms.invoke(ChatRoom, 'one', 'note', 1);
    await shows('lines', 'noted 1');
    expect(await commits()).toBe(before);
    await rooms.invoke(ChatRoom, 'one', 'note', 2);
    await shows('score', 'red 5, 1 even');
    expect(await commits()).toBe(before + 1);
  });

  it('shows who else is in the room and what they show, and lets others see its own value', async () => {
    await press('wait');
    await shows('others', 'nobody');
    await press('show');
    await press('one');
    await shows('client', 'one open 1');
    await shows('others', 'nobody');
    const bob = await TestClient.connect(`${test.ws}/ws/one`);
    bob.emit('$presence', 'first');
    await page
      .locator('#others')
      .getByText(/^\S+=first$/)
      .waitFor();
    bob.emit('$presence', 'second');
    await page
      .locator('#others')
      .getByText(/^\S+=second$/)
      .waitFor();
    await press('show');
    while (!(await bob.nextText()).includes('"value":"hello"'));
    await bob.close();
    await shows('others', 'nobody');
  });

  it('answers what the room asks, by the handler of the last render', async () => {
    const rooms = test.app.get(JamsocketRooms);
    await press('one');
    await shows('client', 'one open 1');
    expect(await rooms.invoke(ChatRoom, 'one', 'count')).toBe('0 lines');
    await press('say');
    await shows('lines', '1 says hello');
    expect(await rooms.invoke(ChatRoom, 'one', 'count')).toBe('1 lines');
  });

  it('leaves the room when it is unmounted', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('leave');
    await journal.has('one: 1 has left with 1000');
  });

  it('waits in no room while there is no URL, and leaves the room for it', async () => {
    await press('wait');
    await shows('client', 'null waiting undefined');
    await press('say');
    expect(journal.entries).toEqual([]);
    await press('one');
    await shows('client', 'one open 1');
    await press('say');
    await shows('lines', '1 says hello');
    await press('wait');
    await shows('client', 'null waiting undefined');
    await journal.has('one: 1 has left with 1000');
  });

  it('changes the room with the URL', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('two');
    await shows('client', 'two open 1');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await shows('lines', '1 says hello');
    expect(journal.entries).toContain('two: 1 says hello');
  });
});
