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
import { setImmediate as tick } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { letGoBy } from './support/let-go-by.js';
import { roundTrip } from './support/round-trip.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { VirtualClock } from '../libs/jamsocket/src/testing/time/virtual-clock.js';

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

describe.each([
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
])('the wall clock jumps an hour %s', (_way, jumpMs) => {
  const realNow = Date.now;
  let started: TestApp;
  let rooms: JamsocketRooms;
  /** What waits and measures: it does not jump. That the real one does not is tested where it is. */
  let clock: VirtualClock;

  beforeEach(async () => {
    gate = new Gate();
    journal.clear();
    clock = new VirtualClock();
    const limits = { connectsPerSecondPerIp: { rate: 1, burst: 4 } };
    started = await startTestApp({
      providers: [TimedRoom, RatedRoom, NarrowRoom],
      options: { limits, shutdownGraceMs: 1_000 },
      clock,
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
  const goBy = (ms: number) => letGoBy(clock, ms, () => roundTrip(started));
  const count = (entry: string) => journal.entries.filter((other) => other === entry).length;

  it('and timers run when they would have, and the room stops when it would have', async () => {
    const client = await enter('room');
    client.send('timer');
    await client.until('timer');
    jump();
    await goBy(299);
    expect([count('ring'), count('beat')]).toEqual([0, 2]);
    await goBy(1);
    expect([count('ring'), count('beat')]).toEqual([1, 3]);
    await client.close();
    await goBy(399);
    expect(count('destroy')).toBe(0);
    await goBy(1);
    expect(count('destroy')).toBe(1);
  });

  it('and who answers pings stays, and who does not is cut when it would have been', async () => {
    const [alive, dead] = [await enter('room'), await enter('room', { autoPong: false })];
    await goBy(700);
    jump();
    await goBy(2_200);
    expect(dead.socket.readyState).toBe(dead.socket.OPEN);
    await goBy(1_100);
    expect((await dead.closed).code).toBe(1006);
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
    await goBy(1_000);
    ['6', '7'].forEach(say);
    await client.until('6');
    await goBy(1_000);
    say('8');
    await client.until('8');
    expect(client.received).toEqual(['1', '2', '6', '8']);
    const next = await enter('room');
    await next.close();
  });

  it('and a room that had stopped reading goes on', async () => {
    const client = await enter('narrow/room');
    ['1', '2', '3', '4', '5'].forEach((text) => client.send(text));
    const [member] = rooms.localRooms()[0].clients.values();
    while (member.held === null) await tick();
    jump();
    gate.open();
    await client.until('5');
    expect(client.received).toEqual(['1', '2', '3', '4', '5']);
    await client.close();
  });

  it('and the shutdown takes as long as it would have', async () => {
    const client = await enter('narrow/room');
    client.send('never ends');
    while (localRoom(rooms.localRooms()[0].room).isIdle) await tick();
    jump();
    let isOver = false;
    const closed = started.close().then(() => (isOver = true));
    const began = clock.now();
    while (!isOver) {
      if (clock.pending.length > 0) clock.runNext(Infinity);
      await tick();
    }
    await closed;
    // Most of the grace is for the rooms; closing the sockets has its own time.
    expect(clock.now() - began).toBeGreaterThan(500);
    expect(clock.now() - began).toBeLessThan(2_000);
    expect(rooms.localRooms()).toEqual([]);
  });
});
