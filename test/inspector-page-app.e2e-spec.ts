import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UseGuards } from '@nestjs/common';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import type { Browser } from 'playwright-core';
import { MembersGuard } from '../src/rooms/members.guard.js';
import { launchBrowser } from './support/browser.js';
import { visit, type Visit } from './support/inspector-visit.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const HOSTILE = '<img src=x onerror=alert(1)>';

@JamsocketService('talk')
class TalkRoom {
  topic = 'weather';
  readonly members = { ann: { score: 3 } };

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect() {
    this.ctx.setTimer(60_000, 'later');
  }

  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'bug') throw new Error('our mistake');
    this.topic = text;
    this.ctx.sendMessage(Broadcast, `${client.id} says ${text}`);
  }

  @OnMessage('point')
  point(_client: Client, data: unknown) {
    this.ctx.emit(Broadcast, 'pointed', data);
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }

  @OnTimer('later')
  later() {}
}

@JamsocketService({ path: 'games/:game/:room' })
class GameRoom {
  @OnConnect()
  @UseGuards(MembersGuard)
  connect(client: Client) {
    client.sendMessage('welcome');
  }
}

let browser: Browser;
let app: TestApp;
let visited: Visit;
const clients: TestClient[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

beforeEach(async () => {
  app = await startTestApp({
    imports: [JamsocketInspectorModule.forRoot({ state: true, intervalMs: 50 })],
    providers: [TalkRoom, GameRoom, MembersGuard],
  });
});
afterEach(async () => {
  await visited.close();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await app.close();
});

async function join(path: string): Promise<TestClient> {
  const client = await TestClient.connect(`${app.ws}${path}`);
  clients.push(client);
  return client;
}

const open = async (hash = '') => (visited = await visit(browser, `${app.http}/inspector${hash}`)).page;

describe("the inspector's page in an application", () => {
  it('lists real rooms while they are there', async () => {
    const page = await open();
    await page.getByText('No rooms yet').waitFor();
    const ann = await join('/ws/talk/lobby');
    await page.locator('#rooms-rows').getByText('lobby').waitFor();
    await ann.close();
    await page.getByText('No rooms yet').waitFor();
    expect(visited.complaints).toEqual([]);
  });

  it('shows a room, its messages as text, and what failed', async () => {
    const ann = await join(`/ws/talk/${encodeURIComponent(HOSTILE)}`);
    const page = await open();
    await page.locator('#rooms-rows').getByText(HOSTILE).click();
    await page.locator('#clients-rows').getByText('127.0.0.1').waitFor();
    await page.locator('#timers').getByText('later').waitFor();
    await page.locator('#state').getByText('"weather"').waitFor();
    const traffic = page.locator('#traffic-rows');
    ann.send(HOSTILE);
    await traffic.getByText(`1 says ${HOSTILE}`).waitFor();
    await page.locator('#state').getByText(JSON.stringify(HOSTILE)).waitFor();
    ann.emit('point', { x: 1 });
    await traffic.getByText('pointed', { exact: true }).waitFor();
    ann.send(Buffer.from([0xca, 0xfe]));
    await traffic
      .getByText(/^ca ?fe/)
      .first()
      .waitFor();
    ann.send('bug');
    await traffic.getByText('our mistake').waitFor();
    expect(await page.$$('img')).toEqual([]);
    expect(visited.complaints).toEqual([]);
  });

  it('disconnects a client, and closes a room', async () => {
    const ann = await join('/ws/talk/lobby');
    const bob = await join('/ws/talk/lobby');
    const page = await open('#/room/talk/lobby');
    await page.getByRole('button', { name: 'Kick client 1' }).click();
    await page.fill('#ask-reason', 'too loud');
    await page.click('#ask-action');
    expect(await ann.closed).toEqual({ code: 4000, reason: 'too loud' });
    await page.locator('#clients-count').getByText('1').waitFor();
    expect(bob.isClosed).toBe(false);
    await page.click('#close-room');
    await page.click('#ask-action');
    expect(await bob.closed).toMatchObject({ code: 1000 });
    await page.getByText('This room is gone.').waitFor();
  });

  it('joins as a test client, whose messages the room handles', async () => {
    const ann = await join('/ws/talk/lobby');
    const page = await open('#/room/talk/lobby');
    await page.click('#test-connect');
    await page.locator('#test-log').getByText('connected').waitFor();
    await page.fill('#test-message', 'hello');
    await page.keyboard.press('Enter');
    expect(await ann.nextText()).toBe('2 says hello');
    await page.locator('#test-log').getByText('2 says hello').waitFor();
    await page.selectOption('#test-mode', 'event');
    await page.fill('#test-event', 'point');
    await page.fill('#test-message', '{"x":');
    await page.click('#test-send');
    await page.fill('#test-message', '{"x":7}');
    await page.click('#test-send');
    expect(await ann.nextJson()).toEqual({ event: 'pointed', data: { x: 7 } });
    await page.click('#test-connect');
    await page.locator('#test-log').getByText('closed with 1000').waitFor();
  });

  it('has guards before its test client, too, and knows the parameters of its path', async () => {
    await join('/ws/games/chess/42?token=bob-token');
    const page = await open();
    await page.locator('#rooms-rows').getByText('chess/42').click();
    await page.locator('#test-path').getByText('/ws/games/chess/42').waitFor();
    await page.click('#test-connect');
    await page.locator('#test-log').getByText('refused').waitFor();
    await page.fill('#test-query', 'token=alice-token');
    await page.click('#test-connect');
    await page.locator('#test-log').getByText('welcome').waitFor();
    await page.locator('#clients-count').getByText('2').waitFor();
  });
});
