import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { fakeTimeouts } from './support/fake-timeouts.js';
import { HOSTS, onSocket, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = `Upgrade: websocket\r\nConnection: Upgrade\r\n${KEY}`;
const FIN = 0x80;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const MASKED = 0x80;

@JamsocketService()
class EchoRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }
  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'close') return client.close();
    if (text === 'close the room') return this.ctx.close();
    return text;
  }
}

let started: TestApp;
afterEach(() => started.close());

async function start(options: JamsocketOptions = {}, host = HOSTS[0]): Promise<void> {
  started = await startTestApp({ host, providers: [EchoRoom], options });
}

/** A client that writes any bytes and collects the answers. */
class RawClient {
  text = '';
  bytes = Buffer.alloc(0);
  readonly closed: Promise<unknown>;

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.bytes = Buffer.concat([this.bytes, chunk])));
    this.closed = once(socket, 'close');
  }

  static knock(head: string): RawClient {
    const { port, hostname } = new URL(started.http);
    const client = new RawClient(connect(Number(port), hostname));
    client.socket.write(head, 'latin1');
    return client;
  }

  static async enter(): Promise<RawClient> {
    const client = RawClient.knock(`GET /ws/room HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}\r\n\r\n`);
    await client.has('welcome');
    client.bytes = Buffer.alloc(0);
    return client;
  }

  async has(text: string | RegExp): Promise<string> {
    const deadline = performance.now() + 30_000;
    while (!this.bytes.toString('latin1').match(text)) {
      if (performance.now() > deadline) throw new Error(`no ${text} in ${this.bytes.toString('latin1')}`);
      await sleep(5);
    }
    return this.bytes.toString('latin1');
  }

  /** The mask is zero, and leaves the payload as it is. */
  frame(first: number, payload: string): void {
    const head = Buffer.from([first, MASKED | payload.length, 0, 0, 0, 0]);
    this.socket.write(Buffer.concat([head, Buffer.from(payload)]));
  }

  /** The code of the last close frame. */
  get closeCode(): number | undefined {
    const at = this.bytes.lastIndexOf(FIN | CLOSE);
    return at < 0 ? undefined : this.bytes.readUInt16BE(at + 2);
  }
}

describe('limits on the wire', () => {
  it('maxBufferedChunks closes with 1008 a message that comes byte by byte', async () => {
    await start({ limits: { maxBufferedChunks: 8 } });
    let serverEnd!: Socket;
    onSocket(started, (socket) => (serverEnd = socket));
    const client = await RawClient.enter();
    client.socket.write(Buffer.from([FIN | TEXT, MASKED | 100, 0, 0, 0, 0]));
    let sent = 0;
    for (; sent < 99 && client.closeCode === undefined; sent++) {
      const read = serverEnd.bytesRead;
      client.socket.write('x');
      while (serverEnd.bytesRead === read && client.closeCode === undefined) await tick();
    }
    while (client.closeCode === undefined) await tick();
    expect(client.closeCode).toBe(1008);
    expect(sent).toBeLessThan(20);
    client.socket.destroy();
  });

  it('maxPendingAutoPongs cuts off a client that pings faster than its pongs leave', async () => {
    await start({ limits: { maxPendingAutoPongs: 4 } });
    const patient = await RawClient.enter();
    for (let n = 0; n < 20; n++) {
      patient.frame(FIN | PING, String(n));
      await patient.has(`\x8a${String.fromCharCode(String(n).length)}${n}`);
    }
    patient.socket.destroy();
    const client = await RawClient.enter();
    client.socket.write(Buffer.concat(Array.from({ length: 20 }, () => Buffer.from([FIN | PING, MASKED, 0, 0, 0, 0]))));
    await client.closed;
  });

  it('compression is not offered, so there is no bomb to unpack', async () => {
    await start();
    const client = await TestClient.connect(`${started.ws}/ws/room`, { perMessageDeflate: true });
    expect(client.socket.extensions).toBe('');
    await client.close();
  });

  it.each(['close', 'close the room'])(
    'a peer that does not answer a close frame is cut off after five seconds (%s)',
    async (how) => {
      await start();
      const client = await RawClient.enter();
      fakeTimeouts();
      try {
        client.frame(FIN | TEXT, how);
        while (client.closeCode === undefined) await sleep(5);
        let isClosed = false;
        void client.closed.then(() => (isClosed = true));
        jest.advanceTimersByTime(4_900);
        for (let turn = 0; turn < 5; turn++) await tick();
        expect(isClosed).toBe(false);
        jest.advanceTimersByTime(100);
        await client.closed;
      } finally {
        jest.useRealTimers();
      }
    },
  );

  it.each([
    ['https://example.com', 'example.com', 101],
    ['https://example.com', 'EXAMPLE.com', 101],
    ['https://example.com', 'example.com:443', 101],
    ['https://example.com:8443', 'example.com:8443', 101],
    ['https://example.com.evil.example', 'example.com', 403],
    ['https://example.com@evil.example', 'example.com', 403],
    ['null', 'example.com', 403],
    ['', 'example.com', 403],
  ])('a page of %j may connect to the host %j or not: %d', async (origin, host, status) => {
    await start();
    const client = RawClient.knock(`GET /ws/room HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n${UPGRADE}\r\n\r\n`);
    expect(await client.has(/^HTTP\/1.1 \d+/)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    client.socket.destroy();
  });

  it.each([
    ['none', [], ''],
    ['one', ['chat.v2'], 'chat.v2'],
    ['several', ['chat.v2', 'chat.v1'], 'chat.v2'],
    ['that of jamsocket-client behind others', ['chat.v2', 'jamsocket.v1'], 'jamsocket.v1'],
    ['never a resume token', [`jamsocket.resume.${'x'.repeat(22)}.0`, 'chat.v2'], 'chat.v2'],
  ])(
    'of the subprotocols a client offers, the first is agreed to where none are listed: %s',
    async (_how, offered, agreed) => {
      await start();
      const client = await TestClient.connect(`${started.ws}/ws/room`, {}, offered);
      expect(client.socket.protocol).toBe(agreed);
      await client.close();
    },
  );

  it.each([
    ['none', [], ''],
    ['one that is listed behind one that is not', ['chat.v9', 'chat.v1'], 'chat.v1'],
    ['two that are listed', ['chat.v1', 'chat.v2'], 'chat.v1'],
    ['that of jamsocket-client behind others', ['chat.v2', 'jamsocket.v1'], 'jamsocket.v1'],
    ['that of jamsocket-client alone', ['jamsocket.v1'], 'jamsocket.v1'],
    ['that of jamsocket-client where it wants no welcome', ['chat.v9', 'jamsocket.plain'], 'jamsocket.plain'],
  ])(
    'of the subprotocols a client offers, the first that is listed is agreed to: %s',
    async (_how, offered, agreed) => {
      await start({ subprotocols: ['chat.v2', 'chat.v1'] });
      const client = await TestClient.connect(`${started.ws}/ws/room`, {}, offered);
      expect(client.socket.protocol).toBe(agreed);
      await client.close();
    },
  );

  it('a client that offers only subprotocols that are not listed is refused, by HTTP', async () => {
    await start({ subprotocols: ['chat.v1'] });
    const headers = { 'Sec-WebSocket-Protocol': 'chat.v2, chat.v3' };
    expect(await TestClient.refused(`${started.ws}/ws/room`, { headers })).toMatchObject({
      status: 400,
      body: { code: 'subprotocol', message: expect.stringContaining('"chat.v1", "jamsocket.v1"') },
    });
  });
});

/** Whether Node's own parser refuses a request with this head. That differs between releases. */
async function doesNodeRefuse(head: string): Promise<boolean> {
  const server = createServer((_request, response) => response.end()).listen(0);
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port).end(head);
  const answer = String(await once(socket, 'data'));
  socket.destroy();
  server.close();
  await once(server, 'close');
  return answer.startsWith('HTTP/1.1 431 ');
}

describe.each(HOSTS)("requests beyond Node's own limits, on $platform beside $beside", (host) => {
  it.each([
    ['a URL of 20 KB', `GET /ws/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}\r\n\r\n`, 431],
    [
      'a header of 20 KB',
      `GET /ws/room HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n${UPGRADE}\r\n\r\n`,
      431,
    ],
    [
      '2,000 headers of 9 bytes',
      `GET /ws/room HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}\r\n${'X-Ab: value\r\n'.repeat(2_000)}\r\n`,
      431,
    ],
    [
      'an upgrade behind 2,500 headers, which Node refuses or of which it keeps 2,000',
      `GET /ws/room HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(2_500)}${UPGRADE}\r\n\r\n`,
      undefined,
    ],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['a header that is none', `GET /ws/room HTTP/1.1\r\nHost: localhost\r\nno header\r\n${UPGRADE}\r\n\r\n`, 400],
  ])('%s gets its status, and the door stays open', async (_what, head, status) => {
    await start({}, host);
    const client = RawClient.knock(head);
    const expected = status ?? ((await doesNodeRefuse(head)) ? 431 : 400);
    expect(await client.has(/^HTTP\/1.1 \d+/)).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
    await client.closed;
    const next = await TestClient.connect(`${started.ws}/ws/room`);
    expect(await next.nextText()).toBe('welcome');
    await next.close();
  });
});
