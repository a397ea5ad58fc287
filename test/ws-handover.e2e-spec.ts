import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketRooms, JamsocketService, OnBinary, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { fakeTimeouts } from './support/fake-timeouts.js';
import { Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import type { Connection } from '../libs/jamsocket/src/wire/connection.js';

const journal = new Journal();

@JamsocketService()
class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'close') return client.close(4002);
    return text;
  }
  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }
  @OnDisconnect()
  disconnect({ closed }: Client) {
    journal.add(`${closed?.code} ${closed?.reason}`);
  }
}

describe('the ws object of a connection', () => {
  let started: TestApp;
  beforeEach(async () => {
    journal.clear();
    started = await startTestApp({ providers: [EchoRoom] });
  });
  afterEach(() => {
    jest.useRealTimers();
    return started.close();
  });

  function latestConnection() {
    const [room] = started.app.get(JamsocketRooms).localRooms();
    return [...room.clients.values()].at(-1)!.connection as Connection;
  }

  async function enter() {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    client.send('hello');
    await client.until('hello');
    return { client, connection: latestConnection() };
  }

  async function ping(client: TestClient, payload: string): Promise<void> {
    const pong = once(client.socket, 'pong') as Promise<[Buffer]>;
    client.socket.ping(payload);
    expect((await pong)[0].toString()).toBe(payload);
  }

  it('is never made for whole messages, pings, pongs and the close of the client', async () => {
    const { client, connection } = await enter();
    client.send('κόσμε');
    await client.until('κόσμε');
    client.send(Buffer.from('bytes'));
    await ping(client, 'are you there?');
    client.socket.pong('unasked');
    const pinged = once(client.socket, 'ping');
    connection.ping();
    await pinged;
    await ping(client, '');
    expect(await client.close(4001, 'enough')).toEqual({ code: 4001, reason: 'enough' });
    await journal.has('4001 enough');
    expect(connection.hasWs).toBe(false);
  });

  it('is never made for a close without a code, or for an end without a close', async () => {
    const { client, connection } = await enter();
    client.socket.close();
    await journal.has('1005 ');
    expect((await client.closed).code).toBe(1005);
    expect(connection.hasWs).toBe(false);
    const next = await enter();
    next.client.socket.terminate();
    await journal.has('1006 ');
    expect(next.connection.hasWs).toBe(false);
  });

  it('is made for a fragment, and all goes on as before', async () => {
    const { client, connection } = await enter();
    client.socket.send('in two ', { fin: false });
    await ping(client, 'in between');
    expect(connection.hasWs).toBe(true);
    client.socket.send('parts', { fin: true });
    await client.until('in two parts');
    client.send('whole');
    await client.until('whole');
    await ping(client, 'behind');
    expect(await client.close(4001, 'enough')).toEqual({ code: 4001, reason: 'enough' });
    await journal.has('4001 enough');
  });

  it('is made to close', async () => {
    const { client, connection } = await enter();
    client.send('close');
    expect((await client.closed).code).toBe(4002);
    await journal.has('4002 ');
    expect(connection.hasWs).toBe(true);
    await connection.ended;
  });

  it('is not needed to cut off a peer that does not end behind its close', async () => {
    const { port, hostname } = new URL(started.http);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    socket.write(
      'GET /ws/room HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'data');
    const connection = latestConnection();
    fakeTimeouts();
    // Close code 1000; the mask is zero.
    socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
    let hasEnded = false;
    const ended = connection.ended.then(() => (hasEnded = true));
    jest.advanceTimersByTime(4_900);
    for (let turn = 0; turn < 5; turn++) await tick();
    expect(hasEnded).toBe(false);
    jest.advanceTimersByTime(100);
    await ended;
    jest.useRealTimers();
    await journal.has('1000 ');
    expect(connection.hasWs).toBe(false);
    socket.destroy();
  });
});
