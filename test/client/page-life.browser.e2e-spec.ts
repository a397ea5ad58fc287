import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  type Client,
} from 'nestjs-jamsocket';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { Journal } from '../support/gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { bundle, serve } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

/** Only the browser's events end a wait: the first one is an hour long. */
const SOURCE = `
  import { joinRoom } from 'jamsocket-client';
  const log = (globalThis.log = []);
  addEventListener('pageshow', ({ persisted }) => persisted && log.push('from the cache'));
  const room = joinRoom('/ws/lobby', { backoff: { minMs: 3_600_000, maxMs: 3_600_000, random: () => 0.5 } });
  room.onText((text) => log.push(text));
  room.onStatus(({ status, clientId, resumed }) =>
    log.push(status === 'open' ? [status, clientId, resumed].join(' ') : status));
`;
const journal = new Journal();

@JamsocketService()
class Lobby {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect({ id }: Client) {
    journal.add(`${id} is here`);
  }

  @OnDisconnect()
  disconnect({ id, closed }: Client) {
    journal.add(`${id} has left with ${closed?.code}`);
  }

  say(text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  isAway() {
    return [...this.ctx.clients.values()].some(({ isConnected }) => !isConnected);
  }
}

describe('a client in a page', () => {
  let browser: Browser;
  let script: string;
  let test: TestApp;
  let page: Page;
  let rooms: JamsocketRooms;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    [script, browser] = await Promise.all([bundle(SOURCE), launchBrowser({ hasPageCache: true })]);
  }, PATIENCE_MS);

  afterAll(() => browser?.close());

  beforeEach(async () => {
    journal.clear();
    const files = {
      '/': '<!doctype html><script type="module" src="/page.js"></script>',
      '/page.js': script,
      '/other': '<!doctype html>another page',
    };
    test = await startTestApp({ providers: [Lobby], configure: serve(files) });
    rooms = test.app.get(JamsocketRooms);
    (test.app.getHttpServer() as Server).on('connection', (socket: Socket) => sockets.add(socket));
    page = await browser.newPage();
    await page.goto(test.http);
    await logged('open 1 false');
  }, PATIENCE_MS);

  afterEach(async () => {
    await page.close();
    await test.close();
  });

  const logged = (line: string) => page.waitForFunction(`log.includes(${JSON.stringify(line)})`);
  const log = () => page.evaluate<string[]>('log');
  const say = (text: string) => rooms.invoke(Lobby, 'lobby', 'say', text);

  async function untilAway(): Promise<void> {
    while (!(await rooms.invoke(Lobby, 'lobby', 'isAway'))) await setImmediate();
  }

  it(
    'keeps its place while the user goes on and back, and gets what it has missed',
    async () => {
      await page.goto(`${test.http}/other`);
      await untilAway();
      await say('missed');
      await page.goBack({ waitUntil: 'commit' });
      await logged('missed');
      expect(await log()).toEqual(['open 1 false', 'reconnecting', 'from the cache', 'open 1 true', 'missed']);
      expect(journal.entries).toEqual(['1 is here']);
    },
    PATIENCE_MS,
  );

  it(
    'leaves at once when its tab is closed',
    async () => {
      await page.close();
      await journal.has('1 has left with 1001');
    },
    PATIENCE_MS,
  );

  it(
    'hears what came while it was frozen, and is not given up by either side',
    async () => {
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
      await say('while frozen');
      await devtools.send('Page.setWebLifecycleState', { state: 'active' });
      await logged('while frozen');
      expect(await log()).toEqual(['open 1 false', 'while frozen']);
    },
    PATIENCE_MS,
  );

  it(
    'is back as soon as the browser is online again',
    async () => {
      await page.context().setOffline(true);
      for (const socket of sockets) socket.destroy();
      await logged('reconnecting');
      await say('while offline');
      await page.context().setOffline(false);
      await logged('while offline');
      expect(await log()).toEqual(['open 1 false', 'reconnecting', 'open 1 true', 'while offline']);
      expect(journal.entries).toEqual(['1 is here']);
    },
    PATIENCE_MS,
  );
});
