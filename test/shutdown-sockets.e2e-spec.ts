import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import type { Socket } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { fakeTimeouts } from './support/fake-timeouts.js';
import { letGoBy } from './support/let-go-by.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { VirtualClock } from '../libs/jamsocket/src/testing/time/virtual-clock.js';

const GRACE_MS = 1_000;
const PIECES = 40;
const PIECE = 'x'.repeat(64 * 1024);

@JamsocketService()
class LoudRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(client: Client, text: string): unknown {
    if (text === 'hang') return new Promise(() => undefined);
    for (let n = 0; n < PIECES; n++) client.sendMessage(`${n} ${PIECE}`);
    return undefined;
  }

  size(): number {
    return this.ctx.clients.size;
  }
}

describe('a shutdown', () => {
  let started: TestApp;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = new VirtualClock();
    const options = { shutdownGraceMs: GRACE_MS };
    started = await startTestApp({ providers: [LoudRoom], options, forceCloseConnections: false, clock });
  });
  afterEach(async () => {
    jest.useRealTimers();
    await close().catch(() => undefined);
  });

  async function enter(): Promise<{ client: TestClient; socket: Socket }> {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    return { client, socket: tcpSocketOf(client) };
  }

  /** Shuts down, and lets the time go by. @returns the milliseconds that it took */
  async function close(): Promise<number> {
    const began = clock.now();
    let isOver = false;
    const closed = started.close().finally(() => (isOver = true));
    while (!isOver) await letGoBy(clock, 50, tick);
    await closed;
    return clock.now() - began;
  }

  /** The time of the rooms and then of their sockets is used up, and not more. */
  async function closesWithinGrace(): Promise<void> {
    const took = await close();
    expect(took).toBeGreaterThan(GRACE_MS * 0.9);
    expect(took).toBeLessThan(GRACE_MS * 3);
  }

  const firstClient = () => started.app.get(JamsocketRooms).localRooms()[0].clients.get(1)!;

  it('waits for a client that is slow to read what it was sent', async () => {
    const { client, socket } = await enter();
    client.send('loud');
    await client.next();
    socket.pause();
    const member = firstClient();
    const closing = started.close();
    while (member.isConnected) await letGoBy(clock, 10, tick);
    socket.resume();
    await closing;
    expect((await client.closed).code).toBe(1012);
    expect(client.received).toHaveLength(1 + PIECES);
  });

  it('cuts off a client that has not read it when the grace is over', async () => {
    const { client, socket } = await enter();
    const serverEnd = firstClient().connection!;
    client.send('loud');
    await client.next();
    socket.pause();
    // The five seconds do not go by in which a close frame is to be answered.
    fakeTimeouts();
    await closesWithinGrace();
    await serverEnd.ended;
    socket.resume();
    await client.closed;
  });

  it('cuts off a client that was closed before it began and has not read that yet', async () => {
    const { client, socket } = await enter();
    client.send('loud');
    await client.next();
    socket.pause();
    firstClient().close(4000, 'sent away');
    await closesWithinGrace();
    socket.resume();
    await client.closed;
  });

  it('refuses an invoke that waits for a turn which never comes', async () => {
    const { client } = await enter();
    client.send('hang');
    while (localRoom(started.app.get(JamsocketRooms).localRooms()[0].room).isIdle) await tick();
    const invoked = started.app.get(JamsocketRooms).invoke(LoudRoom, 'room', 'size');
    const [error] = await Promise.all([invoked.catch((reason: unknown) => reason), close()]);
    expect(error).toMatchObject({ code: 'room_stopped', status: 503 });
  });
});
