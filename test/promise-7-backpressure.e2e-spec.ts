import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  type Client,
  type JamsocketError,
} from 'nestjs-jamsocket';
import { setImmediate as tick } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';

const CHUNK = 'x'.repeat(16 * 1024);
const MAX_BUFFERED_BYTES = 1024 * 1024;

describe.each(HOSTS)('backpressure, on $platform beside $beside', (host) => {
  const journal = new Journal();
  const gate = new Gate();
  let mostWaiting = 0;
  let started: TestApp;

  @JamsocketService({ path: 'narrow', limits: { mailbox: { maxEvents: 16 } } })
  class NarrowRoom {
    private handled = 0;

    @OnMessage()
    async message(client: Client, text: string) {
      if (this.handled++ === 0) await gate.opened;
      await tick();
      client.sendMessage(text);
    }
  }

  @JamsocketService({ path: 'loud', limits: { maxBufferedBytes: MAX_BUFFERED_BYTES } })
  class LoudRoom {
    constructor(private readonly ctx: JamsocketContext) {}

    @OnConnect()
    connect(client: Client) {
      client.sendMessage('welcome');
    }

    @OnMessage()
    message(_client: Client, text: string) {
      this.ctx.sendMessage(Broadcast, `${text} ${CHUNK}`);
      for (const client of this.ctx.clients.values()) mostWaiting = Math.max(mostWaiting, client.bufferedBytes);
    }

    @OnMessage('too much')
    tooMuch(client: Client, how: 'broadcast' | 'direct' | 'bytes' | 'reply') {
      const text = 'ä'.repeat(MAX_BUFFERED_BYTES / 2);
      if (how === 'reply') return text;
      try {
        if (how === 'broadcast') this.ctx.sendMessage(Broadcast, text);
        else if (how === 'direct') client.sendMessage(text);
        else this.ctx.sendBinary(client, Buffer.from(text));
        return 'sent';
      } catch (error) {
        return `${(error as JamsocketError).code}: ${(error as Error).message}`;
      }
    }

    @OnDisconnect()
    disconnect(client: Client) {
      journal.add(`${client.id} left with ${client.closed?.code}`);
    }
  }

  beforeAll(async () => {
    started = await startTestApp({ host, providers: [NarrowRoom, LoudRoom] });
  });
  afterAll(() => started.close());
  afterEach(() => void jest.restoreAllMocks());

  it('stops reading from a socket that fills the mailbox, and drops nothing', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/narrow/room`);
    // More than the kernel's buffers take.
    const total = 500;
    const padding = 'y'.repeat(64 * 1024);
    for (let n = 0; n < total; n++) client.send(`${n} ${padding}`);
    let before = -1;
    while (client.socket.bufferedAmount !== before) {
      before = client.socket.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // The server reads no more: the rest waits in the client.
    expect(before).toBeGreaterThan(1024 * 1024);
    gate.open();
    for (let n = 0; n < total; n++) expect((await client.nextText()).split(' ', 1)[0]).toBe(String(n));
    await client.close();
  });

  it('refuses to send a message that is more than may wait for a client, and closes nobody', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/loud/large`);
    const witness = await TestClient.connect(`${started.ws}/ws/loud/large`);
    await Promise.all([client.until('welcome'), witness.until('welcome')]);
    for (const how of ['broadcast', 'direct', 'bytes']) {
      const { data } = await client.request<string>('too much', how);
      expect(data).toBe(
        `message_too_large: A message of ${MAX_BUFFERED_BYTES} bytes was not sent: limits.maxBufferedBytes allows ${MAX_BUFFERED_BYTES}, including the frame header. Send it in parts, or raise the limit.`,
      );
    }
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    expect(await client.request('too much', 'reply')).toMatchObject({ event: 'exception' });
    client.send('hello');
    expect(await witness.nextText()).toBe(`hello ${CHUNK}`);
    await Promise.all([client.close(), witness.close()]);
  });

  it('closes a client that does not read with 1013, and the others lose nothing', async () => {
    const stuck = await TestClient.connect(`${started.ws}/ws/loud/room`);
    await stuck.until('welcome');
    tcpSocketOf(stuck).pause();
    const sender = await TestClient.connect(`${started.ws}/ws/loud/room`);
    const witness = await TestClient.connect(`${started.ws}/ws/loud/room`);
    await Promise.all([sender.until('welcome'), witness.until('welcome')]);
    for (let n = 0; !journal.entries.includes('1 left with 1013'); n++) {
      if (n > 5_000) throw new Error('the stuck client is still there');
      sender.send(String(n));
      expect((await sender.nextText()).split(' ', 1)[0]).toBe(String(n));
      expect((await witness.nextText()).split(' ', 1)[0]).toBe(String(n));
    }
    expect(mostWaiting).toBeLessThanOrEqual(MAX_BUFFERED_BYTES + 2 * CHUNK.length);
    tcpSocketOf(stuck).resume();
    expect((await stuck.closed).code).toBe(1013);
    await Promise.all([sender.close(), witness.close()]);
  });
});
