import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';

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
  beforeEach(async () => {
    const options = { shutdownGraceMs: GRACE_MS };
    started = await startTestApp({ providers: [LoudRoom], options, forceCloseConnections: false });
  });
  afterEach(() => started.close().catch(() => undefined));

  async function enter(): Promise<{ client: TestClient; socket: Socket }> {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    return { client, socket: tcpSocketOf(client) };
  }

  async function close(): Promise<number> {
    const began = performance.now();
    await started.close();
    return performance.now() - began;
  }

  it('waits for a client that is slow to read what it was sent', async () => {
    const { client, socket } = await enter();
    client.send('loud');
    await client.next();
    socket.pause();
    const closing = close();
    await sleep(400);
    socket.resume();
    expect(await closing).toBeGreaterThan(350);
    expect((await client.closed).code).toBe(1012);
    expect(client.received).toHaveLength(1 + PIECES);
  });

  it('cuts off a client that has not read it when the grace is over', async () => {
    const { client, socket } = await enter();
    const serverEnd = started.app.get(JamsocketRooms).localRooms()[0].clients.get(1)!.connection!;
    client.send('loud');
    await client.next();
    socket.pause();
    const took = await close();
    expect(took).toBeGreaterThan(GRACE_MS * 0.9);
    expect(took).toBeLessThan(GRACE_MS * 3);
    // Without waiting for the close frame's answer, which takes five seconds.
    expect(await Promise.race([serverEnd.ended.then(() => 'ended'), sleep(4_000)])).toBe('ended');
    socket.resume();
    await client.closed;
  });

  it('cuts off a client that was closed before it began and has not read that yet', async () => {
    const { client, socket } = await enter();
    client.send('loud');
    await client.next();
    socket.pause();
    started.app.get(JamsocketRooms).localRooms()[0].clients.get(1)!.close(4000, 'sent away');
    const took = await close();
    expect(took).toBeGreaterThan(GRACE_MS * 0.9);
    expect(took).toBeLessThan(GRACE_MS * 3);
    socket.resume();
    await client.closed;
  });

  it('refuses an invoke that waits for a turn which never comes', async () => {
    const { client } = await enter();
    client.send('hang');
    while (localRoom(started.app.get(JamsocketRooms).localRooms()[0].room).isIdle) await sleep(5);
    const invoked = started.app.get(JamsocketRooms).invoke(LoudRoom, 'room', 'size');
    const [error] = await Promise.all([invoked.catch((reason: unknown) => reason), started.close()]);
    expect(error).toMatchObject({ code: 'room_stopped', status: 503 });
  });
});
