import { afterEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketClock,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnMessage,
  type Client,
  type JamsocketOptions,
  type RoomLimits,
} from 'nestjs-jamsocket';
import { setImmediate } from 'node:timers/promises';
import { Gate } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe('rate limits', () => {
  let started: TestApp;
  afterEach(() => started.close());

  async function start(limits: RoomLimits, options: JamsocketOptions = {}) {
    @JamsocketService({ limits })
    class EchoRoom {
      @OnConnect()
      connect(client: Client) {
        client.sendMessage(client.request.ip);
      }
      @OnMessage()
      message(_client: Client, text: string) {
        return text;
      }
      @OnBinary()
      binary(_client: Client, bytes: Buffer) {
        return String(bytes.length);
      }
    }
    started = await startTestApp({ providers: [EchoRoom], options });
    return `${started.ws}/ws/room`;
  }

  /** Stops the clock, so that no bucket fills up while a slow machine runs the test. */
  function stopTime(): { advance: (ms: number) => void } {
    const clock = started.app.get(JamsocketClock);
    let now = clock.now();
    clock.now = () => now;
    return { advance: (ms) => (now += ms) };
  }

  async function send(url: string, messages: (string | Buffer)[], last: string) {
    stopTime();
    const client = await TestClient.connect(url);
    await client.next();
    for (const message of messages) client.send(message);
    await Promise.race([client.closed, client.until(last).catch(() => undefined)]);
    return client;
  }

  it('messagesPerSecond closes a client that sends more than the burst with 1008', async () => {
    const url = await start({ messagesPerSecond: { rate: 1, burst: 3 } });
    const client = await send(url, ['1', '2', '3', '4', '5'], 'never');
    expect(client.received.slice(1)).toEqual(['1', '2', '3']);
    expect(await client.closed).toEqual({ code: 1008, reason: 'too many messages' });
  });

  it('what waits of a client that was closed for that is not handled any more', async () => {
    const gate = new Gate();
    const handled: string[] = [];
    @JamsocketService({ limits: { messagesPerSecond: { rate: 1, burst: 3 } } })
    class BusyRoom {
      @OnMessage()
      async message(_client: Client, text: string) {
        handled.push(text);
        await gate.opened;
      }
    }
    started = await startTestApp({ providers: [BusyRoom] });
    stopTime();
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    for (const message of ['1', '2', '3', '4']) client.send(message);
    expect((await client.closed).code).toBe(1008);
    gate.open();
    await started.close();
    expect(handled).toEqual(['1']);
  });

  it("messagesPerSecond with excess: 'drop' drops what is too many, and the client stays", async () => {
    const url = await start({ messagesPerSecond: { rate: 1, burst: 3, excess: 'drop' } });
    const client = await send(url, ['1', '2', '3', '4', '5'], '3');
    client.socket.ping();
    await new Promise((resolve) => client.socket.once('pong', resolve));
    expect(client.received.slice(1)).toEqual(['1', '2', '3']);
    await client.close();
  });

  it('bytesPerSecond counts bytes, of text as UTF-8', async () => {
    const url = await start({ bytesPerSecond: { rate: 10, burst: 100 } });
    // 40 + 58 bytes are allowed; the next message exceeds the limit.
    const client = await send(url, [Buffer.alloc(40), 'é'.repeat(29), 'abc'], 'never');
    expect(client.received.slice(1)).toEqual(['40', 'é'.repeat(29)]);
    expect((await client.closed).code).toBe(1008);
  });

  it("bytesPerSecond with excess: 'drop' lets a smaller message through", async () => {
    const url = await start({ bytesPerSecond: { rate: 10, burst: 100, excess: 'drop' } });
    const client = await send(url, [Buffer.alloc(99), 'too long', 'x'], 'x');
    expect(client.received.slice(1)).toEqual(['99', 'x']);
    await client.close();
  });

  it('a client that comes back may send at once what it could have sent meanwhile, and no more', async () => {
    const handled: string[] = [];
    @JamsocketService({ limits: { messagesPerSecond: { rate: 10, burst: 3 } } })
    class TunnelRoom {
      @OnMessage()
      message(_client: Client, text: string) {
        handled.push(text);
      }
    }
    started = await startTestApp({ providers: [TunnelRoom] });
    const time = stopTime();
    const client = await ResumingClient.connect(`${started.ws}/ws/room`);
    const send = (count: number) => {
      for (let n = 0; n < count; n++) client.send('x');
    };
    send(2);
    while (handled.length < 2) await setImmediate();
    const [{ clients }] = started.app.get(JamsocketRooms).localRooms(TunnelRoom);
    const [member] = clients.values();
    await client.cut();
    // The absence begins when the server has seen the end.
    while (member.isConnected) await setImmediate();
    time.advance(2_000);
    await expect(client.resume()).resolves.toMatchObject({ resumed: true, received: 2 });
    client.confirm();
    // One token was left, and twenty were earned.
    send(22);
    expect(await client.connection.closed).toEqual({ code: 1008, reason: 'too many messages' });
    expect(handled).toHaveLength(23);
  });

  it('connectsPerSecondPerIp refuses with 429 and says when to come back', async () => {
    const url = await start({}, { limits: { connectsPerSecondPerIp: { rate: 0.2, burst: 2 } } });
    stopTime();
    await TestClient.connect(url);
    await TestClient.connect(url);
    const refused = await TestClient.refused(url);
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'too_many_connects' },
      headers: { 'retry-after': '5' },
    });
  });

  it('trustProxy takes the address of the client from the proxy, and counts by it', async () => {
    const options = { trustProxy: 1, limits: { maxConnectionsPerIp: 1 } };
    const url = await start({}, options);
    const connectFrom = (forwarded: string) =>
      TestClient.connect(url, { headers: { 'X-Forwarded-For': forwarded } }).then((client) => client.nextText());
    expect(await connectFrom('6.6.6.6, 192.0.2.1')).toBe('192.0.2.1');
    expect(await connectFrom('6.6.6.6, 192.0.2.2')).toBe('192.0.2.2');
    const refused = await TestClient.refused(url, { headers: { 'X-Forwarded-For': '7.7.7.7, 192.0.2.1' } });
    expect(refused.status).toBe(429);
  });

  it('without trustProxy the header is not looked at', async () => {
    const url = await start({});
    const client = await TestClient.connect(url, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    expect(await client.nextText()).toMatch(/127\.0\.0\.1$/);
  });
});
