import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  tagged,
} from 'nestjs-jamsocket';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { runs as fuzzRuns } from './support/fuzz.js';
import { startTestApp, type TestApp } from './support/test-app.js';

const CLIENTS = 4;
const CLOSE_CODE = 4000;
/** High enough that no client is dropped, however slow. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
const END = 'the end';
/** RFC 6455 section 5.5.1: the last frame of the server, after a close with this code or after END. */
const CLOSE_FRAME = Buffer.from([0x88, 2, CLOSE_CODE >> 8, CLOSE_CODE & 0xff]);
const END_FRAME = Buffer.concat([Buffer.from([0x81, END.length]), Buffer.from(END)]);

const client = fc.integer({ min: 1, max: CLIENTS });
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  fc.integer({ min: 60, max: 70_000 }).map((length) => 'é'.repeat(length)),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('broadcast' as const), text }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('except' as const), text, clients: fc.array(client) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('list' as const), text, clients: fc.array(client) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tagged' as const), text }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('direct' as const), text, client }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('bytes' as const), length: fc.integer({ min: 0, max: 9_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tick' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stop reading' as const, 'read' as const), client }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Sends in every way that a room has, as the test tells it. */
class ScriptedRoom {
  /** All binary messages are sent from the same memory. */
  private readonly memory = Buffer.alloc(9_000);
  private filled = 0;

  constructor(readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect() {}

  play(now: Step) {
    const { ctx } = this;
    if (now.do === 'broadcast') ctx.sendMessage(Broadcast, now.text);
    else if (now.do === 'except') ctx.sendMessage(everyoneExcept(...now.clients), now.text);
    else if (now.do === 'list') ctx.sendMessage(now.clients, now.text);
    else if (now.do === 'tagged') ctx.sendMessage(tagged('even'), now.text);
    else if (now.do === 'direct') ctx.sendMessage(now.client, now.text);
    else if (now.do === 'close') ctx.clients.get(now.client)?.close(CLOSE_CODE);
    else if (now.do === 'bytes') {
      this.memory.fill(++this.filled);
      ctx.sendBinary(Broadcast, this.memory.subarray(0, now.length));
    }
  }

  begin(): this {
    for (const [id, member] of this.ctx.clients) if (id % 2 === 0) member.tag('even');
    return this;
  }
}

@JamsocketService({ path: 'fast', limits: { maxBufferedBytes: MAX_BUFFERED_BYTES } })
class FastRoom extends ScriptedRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

@JamsocketService({ path: 'plain', coalesce: false, limits: { maxBufferedBytes: MAX_BUFFERED_BYTES } })
class PlainRoom extends ScriptedRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

/** Keeps every byte that comes after the handshake. */
class ByteClient {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake());
  }

  static async connect(port: number, path: string): Promise<ByteClient> {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString('latin1')).toMatch(/^HTTP\/1.1 101 [^]*\r\n\r\n$/);
    return new ByteClient(socket);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async hasEnded(): Promise<void> {
    for (;;) {
      const last = Buffer.concat(this.#chunks.slice(-2));
      const endsWith = (frame: Buffer) => last.subarray(-frame.length).equals(frame);
      if (this.#length > 0 && (endsWith(END_FRAME) || endsWith(CLOSE_FRAME))) return;
      if (this.socket.destroyed) throw new Error(`the connection has ended after ${this.#length} bytes`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

describe('the fast path', () => {
  let started: TestApp;
  let port: number;
  let runs = 0;

  beforeAll(async () => {
    // These clients answer no ping.
    started = await startTestApp({ providers: [FastRoom, PlainRoom], options: { heartbeat: false } });
    port = Number(new URL(started.http).port);
  });
  afterAll(() => started.close());

  async function play(
    type: typeof FastRoom | typeof PlainRoom,
    service: string,
    steps: Step[],
    crowd: number,
  ): Promise<Buffer[]> {
    const rooms = started.app.get(JamsocketRooms);
    const room = `run${runs}`;
    const clients: ByteClient[] = [];
    for (let count = 0; count < CLIENTS + crowd; count++) {
      clients.push(await ByteClient.connect(port, `/ws/${service}/${room}`));
    }
    const instance = await rooms.invoke<ScriptedRoom, 'begin'>(type, room, 'begin');
    for (const now of steps) {
      if (now.do === 'tick') await tick();
      else if (now.do === 'stop reading') clients[now.client - 1].socket.pause();
      else if (now.do === 'read') clients[now.client - 1].socket.resume();
      else instance.play(now);
    }
    instance.play({ do: 'broadcast', text: END });
    for (const { socket } of clients) socket.resume();
    await Promise.all(clients.map((member) => member.hasEnded()));
    for (const { socket } of clients) socket.destroy();
    return clients.map(({ bytes }) => bytes);
  }

  it.each([
    { crowd: 0, count: 40 },
    // Large enough that one tick does not write to every client.
    { crowd: 150, count: 3 },
  ])('gives every client byte for byte what plain ws gives it, beside $crowd others', async ({ crowd, count }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        runs += 1;
        const fast = await play(FastRoom, 'fast', steps, crowd);
        const plain = await play(PlainRoom, 'plain', steps, crowd);
        expect(fast.map(({ length }) => length)).toEqual(plain.map(({ length }) => length));
        expect(fast.every((bytes, at) => bytes.equals(plain[at]))).toBe(true);
      }),
      fuzzRuns(count),
    );
  });
});
