import { Interval } from '@nestjs/schedule';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDestroy,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const HOUR_MS = 3_600_000;
const journal = new Journal();
let gate: Gate;

@JamsocketService({ shutdown: { afterMs: 400 }, heartbeat: { intervalMs: 1_000, timeoutMs: 3_000 } })
class TimedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }
  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'timer') this.ctx.setTimer(300);
    return text;
  }
  @OnTimer()
  ring() {
    journal.add('ring');
  }
  @Interval(100)
  beat() {
    journal.add('beat');
  }
  @OnDestroy()
  destroy() {
    journal.add('destroy');
  }
}

/** A message each second, and two at once. */
@JamsocketService({ path: 'rated', limits: { messagesPerSecond: { rate: 1, burst: 2, excess: 'drop' } } })
class RatedRoom {
  @OnMessage()
  message(_client: Client, text: string) {
    return text;
  }
}

@JamsocketService({ path: 'narrow', handlerTimeoutMs: 10_000, limits: { mailbox: { maxEvents: 2 } } })
class NarrowRoom {
  @OnMessage()
  async message(_client: Client, text: string) {
    await gate.opened;
    return text;
  }
}

/** Far less than an hour, and more than a busy machine is late. */
const MUCH_LATER_MS = 30_000;

describe.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('the wall clock jumps an hour %s', (_way, jumpMs) => {
  const realNow = Date.now;
  let started: TestApp;
  let rooms: JamsocketRooms;

  beforeEach(async () => {
    gate = new Gate();
    journal.clear();
    const limits = { connectsPerSecondPerIp: { rate: 1, burst: 4 } };
    started = await startTestApp({
      providers: [TimedRoom, RatedRoom, NarrowRoom],
      options: { limits, shutdownGraceMs: 1_500 },
    });
    rooms = started.app.get(JamsocketRooms);
  });
  afterEach(async () => {
    Date.now = realNow;
    gate.open();
    await started.close();
  });

  const jump = () => {
    Date.now = () => realNow() + jumpMs;
  };
  const enter = (path: string, options = {}) => TestClient.connect(`${started.ws}/ws/${path}`, options);

  async function took(work: Promise<unknown>): Promise<number> {
    const began = performance.now();
    await work;
    return performance.now() - began;
  }

  /** Waits by a clock that does not jump, unlike the journal's own timeout. */
  async function journaled(entry: string): Promise<void> {
    while (!journal.entries.includes(entry)) await sleep(5);
  }

  it('and timers run when they would have, and the room stops when it would have', async () => {
    const client = await enter('room');
    client.send('timer');
    await client.until('timer');
    jump();
    const rang = await took(journaled('ring'));
    expect(rang).toBeGreaterThan(200);
    expect(rang).toBeLessThan(MUCH_LATER_MS);
    const beats = journal.entries.filter((entry) => entry === 'beat').length;
    expect(beats).toBeGreaterThanOrEqual(1);
    expect(beats).toBeLessThanOrEqual(20);
    await client.close();
    const stopped = await took(journaled('destroy'));
    expect(stopped).toBeGreaterThan(300);
    expect(stopped).toBeLessThan(MUCH_LATER_MS);
  });

  it('and who answers pings stays, and who does not is cut when it would have been', async () => {
    const [alive, dead] = [await enter('room'), await enter('room', { autoPong: false })];
    await sleep(700);
    jump();
    const cut = await took(dead.closed);
    expect(cut).toBeGreaterThan(1_500);
    expect(cut).toBeLessThan(MUCH_LATER_MS);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
    await alive.close();
  });

  it('and nobody may send or connect more than before, nor less', async () => {
    const client = await enter('rated/room');
    const say = (text: string) => client.send(text);
    ['1', '2'].forEach(say);
    await client.until('2');
    await Promise.all([enter('room'), enter('room'), enter('room')]);
    jump();
    ['3', '4', '5'].forEach(say);
    expect((await TestClient.refused(`${started.ws}/ws/room`)).status).toBe(429);
    await sleep(1_300);
    say('6');
    await client.until('6');
    expect(client.received.length).toBeLessThanOrEqual(4);
    const next = await enter('room');
    await next.close();
  });

  it('and a room that had stopped reading goes on', async () => {
    const client = await enter('narrow/room');
    ['1', '2', '3', '4', '5'].forEach((text) => client.send(text));
    await sleep(50);
    jump();
    gate.open();
    await client.until('5');
    expect(client.received).toEqual(['1', '2', '3', '4', '5']);
    await client.close();
  });

  it('and the shutdown takes as long as it would have', async () => {
    const client = await enter('narrow/room');
    client.send('never ends');
    await sleep(50);
    jump();
    const ms = await took(started.close());
    expect(ms).toBeGreaterThan(1_000);
    expect(ms).toBeLessThan(MUCH_LATER_MS);
    expect(rooms.localRooms()).toEqual([]);
  });
});
