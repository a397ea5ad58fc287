import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { joinRoom } from 'jamsocket-client';
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
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { launchBrowser } from '../support/browser.js';
import { Journal } from '../support/gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { bundle, hasFrameworks, serve } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

const html = '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>';
const journal = new Journal();

@JamsocketService()
@Presence()
class ChatRoom {
  readonly board = new SharedState({ red: { points: 0 } });

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect({ id, roomId }: Client) {
    journal.add(`${roomId}: ${id} is here`);
  }

  @OnMessage('say')
  say({ id }: Client, text: string) {
    this.tell(`${id} says ${text}`);
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
}

const PAGES = {
  vue: () => bundle(`import './test/client/support/vue-page.js';`),
  svelte: () =>
    bundle(`import { mount } from 'svelte';
      import Page from './test/client/support/page.svelte';
      mount(Page, { target: document.getElementById('root') });`),
};

/** `npm --prefix test/compat/bindings install` installs both. */
const describeEach = hasFrameworks || process.env.JAMSOCKET_REQUIRE_SERVERS ? describe.each : describe.skip.each;

describeEach(['vue', 'svelte'] as const)('jamsocket-client/%s in a browser', (framework) => {
  let browser: Browser;
  let script: string;
  let test: TestApp;
  let page: Page;
  const sockets = new Set<Socket>();
  const pageErrors: Error[] = [];

  beforeAll(async () => {
    [script, browser] = await Promise.all([PAGES[framework](), launchBrowser()]);
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
    await press('one');
    await shows('client', 'one open 1');
  }, PATIENCE_MS);

  afterEach(async () => {
    await page.close();
    await test.close();
    sockets.clear();
    expect(pageErrors).toEqual([]);
  }, PATIENCE_MS);

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const shows = (id: string, text: string) => page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();

  it('joins when the component is mounted, hears and says something, and leaves when it is unmounted', async () => {
    await press('say');
    await shows('lines', '1 says hello');
    expect(journal.entries).toEqual(['one: 1 is here']);
    await press('leave');
    await journal.has('one: 1 has left with 1000');
  });

  it('shows that the connection is lost, and goes on as the same client', async () => {
    sockets.forEach((socket) => socket.resetAndDestroy());
    await test.app.get(JamsocketRooms).invoke(ChatRoom, 'one', 'tell', 'told meanwhile');
    await shows('lines', 'told meanwhile');
    await shows('client', 'one open 1');
    expect(await page.locator('#statuses').textContent()).toMatch(/^connecting open reconnecting open$/);
    expect(journal.entries).toEqual(['one: 1 is here']);
  });

  it('shows the shared state and its changes', async () => {
    await shows('score', 'red 0');
    await test.app.get(JamsocketRooms).invoke(ChatRoom, 'one', 'score', 5);
    await shows('score', 'red 5');
  });

  it('shows who else is there, and what they show', async () => {
    const bob = joinRoom(`${test.ws}/ws/one`, { WebSocket });
    try {
      bob.presence.set('bob');
      await shows('others', 'bob');
      const isShown = new Promise<void>((resolve) => {
        bob.presence.onChange(({ person }) => person.value === 'ann' && resolve());
      });
      await press('show');
      await isShown;
    } finally {
      bob.close();
    }
    await page.waitForFunction("document.getElementById('others').textContent === ''");
  });

  it('joins another room with another URL, and leaves the first', async () => {
    await press('two');
    await shows('client', 'two open 1');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await shows('lines', '1 says hello');
  });

  const itInVue = framework === 'vue' ? it : it.skip;
  itInVue('waits in no room while the URL is null', async () => {
    await press('wait');
    await shows('client', 'null waiting undefined');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await press('two');
    await shows('client', 'two open 1');
    await press('say');
    await shows('lines', '1 says hello');
  });
});
