import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { startDemo } from './support/demo-app.js';

/**
 * Frames as RFC 6455 has them, sent byte for byte to the demo's echo room. The order of the sections is that of the
 * Autobahn test suite; the cases are written from the RFC.
 */
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const MASK = Buffer.from([0x12, 0xa4, 0x5c, 0xf0]);
const MAX_PAYLOAD = 1024 * 1024;
const MAX_FRAGMENTS = 64;
const PATIENCE_MS = 5_000;

interface FrameOptions {
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
}

function frame(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = options;
  const body = Buffer.from(payload as string);
  const flag = masked ? 0x80 : 0;
  const { length } = body;
  const size = length < 126 ? Buffer.from([flag | length]) : Buffer.alloc(length < 65_536 ? 3 : 9);
  if (length >= 126) {
    size[0] = flag | (length < 65_536 ? 126 : 127);
    if (length < 65_536) size.writeUInt16BE(length, 1);
    else size.writeBigUInt64BE(BigInt(length), 1);
  }
  if (masked) for (let at = 0; at < length; at++) body[at] ^= MASK[at & 3];
  return Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]),
    size,
    masked ? MASK : Buffer.alloc(0),
    body,
  ]);
}

const part = (opcode: number, payload: string | Buffer = '') => frame(opcode, payload, { fin: false });
const closeWith = (code: number, reason: string | Buffer = '') => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([payload, Buffer.from(reason as string)]));
};

/** The server's frames: `text:…`, `binary:…` in hex, `ping`, `pong:…`, `close:<code>`, and `end` of the connection. */
class Peer {
  readonly events: string[] = [];
  #buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.events.push('end');
      this.#wake();
    });
  }

  static async open(port: number, path: string): Promise<Peer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const head = await new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(String(chunk))));
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    return new Peer(socket);
  }

  /** Writes the bytes in pieces of this size, each in a packet of its own as far as the system allows. */
  async write(bytes: Buffer, pieceBytes: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.socket.write(bytes.subarray(at, at + pieceBytes));
      if (pieceBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async until(isEnough: (events: string[]) => boolean): Promise<void> {
    const timer = setTimeout(() => this.socket.destroy(), PATIENCE_MS);
    while (!isEnough(this.events) && this.events.at(-1) !== 'end') {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    clearTimeout(timer);
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const buffer = this.#buffer;
      if (buffer.length < 2) break;
      const short = buffer[1] & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (buffer.length < start) break;
      const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
      if (buffer.length < start + length) break;
      this.#take(buffer[0], buffer[1], buffer.subarray(start, start + length));
      this.#buffer = buffer.subarray(start + length);
    }
    this.#wake();
  }

  #take(first: number, second: number, payload: Buffer): void {
    // A server never masks, never fragments here, and sets no reserved bit.
    expect([first & 0xf0, second & 0x80]).toEqual([0x80, 0]);
    const opcode = first & 0x0f;
    if (opcode === TEXT) this.events.push(`text:${payload.toString('utf8')}`);
    else if (opcode === BINARY) this.events.push(`binary:${payload.toString('hex')}`);
    else if (opcode === PONG) this.events.push(`pong:${payload.toString('latin1')}`);
    else if (opcode === PING) this.events.push('ping');
    else this.events.push(`close:${payload.length === 0 ? 'none' : payload.readUInt16BE(0)}`);
  }
}

/** A conversation: what the client sends, what it gets back, and with which code the server closes, if it does. */
interface Case {
  name: string;
  send: Buffer[];
  get?: string[];
  closed?: number | 'none';
  pieceBytes?: number;
}

const cases: Case[] = [];
const add = (name: string, send: Buffer[], get: string[], closed?: number | 'none', pieceBytes?: number) =>
  cases.push({ name, send, get, closed, pieceBytes });

// 1. Framing: every form of the length, text and binary, whole and in pieces.
for (const length of [0, 1, 125, 126, 127, 128, 65_535, 65_536]) {
  const text = 'x'.repeat(length);
  const bytes = Buffer.alloc(length, 0xfe);
  for (const pieceBytes of [Infinity, 997]) {
    const how = pieceBytes === Infinity ? '' : `, in pieces of ${pieceBytes} bytes`;
    add(`1. text of ${length} bytes${how}`, [frame(TEXT, text)], [`text:${text}`], undefined, pieceBytes);
    add(
      `1. binary of ${length} bytes${how}`,
      [frame(BINARY, bytes)],
      [`binary:${bytes.toString('hex')}`],
      undefined,
      pieceBytes,
    );
  }
}
for (const pieceBytes of [1, 2, 3, 7]) {
  const messages = ['', 'a', 'bc', 'x'.repeat(130)];
  add(
    `1. several messages in pieces of ${pieceBytes} bytes`,
    messages.map((text) => frame(TEXT, text)),
    messages.map((text) => `text:${text}`),
    undefined,
    pieceBytes,
  );
}
add(
  '1. 100 messages in one packet',
  Array.from({ length: 100 }, (_, n) => frame(TEXT, `${n}`)),
  Array.from({ length: 100 }, (_, n) => `text:${n}`),
);
for (const opcode of [TEXT, BINARY, PING, CLOSE, CONTINUATION]) {
  add(`1. opcode ${opcode} without a mask`, [frame(opcode, 'ab', { masked: false })], [], 1002);
}

// 2. Pings and pongs.
for (const payload of ['', 'hello', '\u0000\u00ff\u00fe', 'x'.repeat(125)]) {
  for (const pieceBytes of [Infinity, 1]) {
    const bytes = Buffer.from(payload, 'latin1');
    add(
      `2. ping with ${bytes.length} bytes, pieces of ${pieceBytes}`,
      [frame(PING, bytes)],
      [`pong:${payload}`],
      undefined,
      pieceBytes,
    );
  }
}
add('2. ping with 126 bytes', [frame(PING, 'x'.repeat(126))], [], 1002);
add('2. pong with 126 bytes', [frame(PONG, 'x'.repeat(126))], [], 1002);
add('2. a pong nobody asked for', [frame(PONG)], []);
add('2. a pong with payload nobody asked for', [frame(PONG, 'unasked')], []);
add('2. pong, then ping', [frame(PONG, 'a'), frame(PING, 'b')], ['pong:b']);
add(
  '2. ten pings',
  Array.from({ length: 10 }, (_, n) => frame(PING, `${n}`)),
  Array.from({ length: 10 }, (_, n) => `pong:${n}`),
);
// A pong need not wait for what the room sends at the end of the turn.
add(
  '2. a ping between messages',
  [frame(TEXT, 'a'), frame(PING, 'p'), frame(TEXT, 'b')],
  ['pong:p', 'text:a', 'text:b'],
);

// 3. Reserved bits mean an extension, and none was agreed on.
for (let rsv = 1; rsv < 8; rsv++) {
  for (const opcode of [TEXT, BINARY, PING, PONG, CLOSE]) {
    add(`3. reserved bits ${rsv} with opcode ${opcode}`, [frame(opcode, '', { rsv })], [], 1002);
  }
  add(`3. reserved bits ${rsv} behind a message`, [frame(TEXT, 'a'), frame(TEXT, 'b', { rsv })], ['text:a'], 1002);
}

// 4. Opcodes that are not defined.
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  add(`4. opcode ${opcode}`, [frame(opcode)], [], 1002);
  add(`4. opcode ${opcode} with payload`, [frame(opcode, 'abc')], [], 1002);
  add(
    `4. opcode ${opcode} behind a message and before another`,
    [frame(TEXT, 'a'), frame(opcode), frame(TEXT, 'b')],
    ['text:a'],
    1002,
  );
}

// 5. Fragmentation.
for (const pieceBytes of [Infinity, 1]) {
  const how = pieceBytes === Infinity ? '' : ', a byte at a time';
  const fragmented: [string, Buffer[], string[], number?][] = [
    ['text in two', [part(TEXT, 'ab'), frame(CONTINUATION, 'cd')], ['text:abcd']],
    ['text in three', [part(TEXT, 'a'), part(CONTINUATION, 'b'), frame(CONTINUATION, 'c')], ['text:abc']],
    ['binary in two', [part(BINARY, 'ab'), frame(CONTINUATION, 'cd')], ['binary:61626364']],
    ['empty parts', [part(TEXT), part(CONTINUATION), frame(CONTINUATION)], ['text:']],
    ['empty parts around one', [part(TEXT), part(CONTINUATION, 'x'), frame(CONTINUATION)], ['text:x']],
    ['a ping in between', [part(TEXT, 'a'), frame(PING, 'p'), frame(CONTINUATION, 'b')], ['pong:p', 'text:ab']],
    ['a pong in between', [part(TEXT, 'a'), frame(PONG), frame(CONTINUATION, 'b')], ['text:ab']],
    ['another message behind', [part(TEXT, 'a'), frame(CONTINUATION, 'b'), frame(TEXT, 'c')], ['text:ab', 'text:c']],
    [
      'two fragmented messages',
      [part(TEXT, 'a'), frame(CONTINUATION, 'b'), part(TEXT, 'c'), frame(CONTINUATION, 'd')],
      ['text:ab', 'text:cd'],
    ],
    ['a fragmented ping', [part(PING, 'a'), frame(CONTINUATION, 'b')], [], 1002],
    ['a fragmented pong', [part(PONG, 'a'), frame(CONTINUATION, 'b')], [], 1002],
    ['a fragmented close', [part(CLOSE), frame(CONTINUATION)], [], 1002],
    ['a continuation of nothing', [frame(CONTINUATION, 'a')], [], 1002],
    ['an unfinished continuation of nothing', [part(CONTINUATION, 'a')], [], 1002],
    ['a continuation behind a whole message', [frame(TEXT, 'a'), frame(CONTINUATION, 'b')], ['text:a'], 1002],
    [
      'a continuation behind a finished one',
      [part(TEXT, 'a'), frame(CONTINUATION, 'b'), frame(CONTINUATION, 'c')],
      ['text:ab'],
      1002,
    ],
    ['a text in the middle', [part(TEXT, 'a'), frame(TEXT, 'b')], [], 1002],
    ['a binary in the middle', [part(TEXT, 'a'), frame(BINARY, 'b')], [], 1002],
    ['the beginning of another in the middle', [part(TEXT, 'a'), part(TEXT, 'b')], [], 1002],
    ['a message behind a violation', [part(TEXT, 'a'), frame(TEXT, 'b'), frame(TEXT, 'c')], [], 1002],
  ];
  for (const [name, send, get, closed] of fragmented) add(`5. ${name}${how}`, send, get, closed, pieceBytes);
}
const many = (count: number) => [
  part(TEXT, '0'),
  ...Array.from({ length: count - 2 }, () => part(CONTINUATION, 'x')),
  frame(CONTINUATION, '1'),
];
add(`5. ${MAX_FRAGMENTS} fragments`, many(MAX_FRAGMENTS), [`text:0${'x'.repeat(MAX_FRAGMENTS - 2)}1`]);
add(`5. ${MAX_FRAGMENTS + 1} fragments`, many(MAX_FRAGMENTS + 1), [], 1008);

// 6. UTF-8 (RFC 3629): the first and last of each length, and everything invalid.
const VALID = [
  '',
  'plain',
  'κόσμε',
  '\u0000',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  '\ud7ff',
  '\ue000',
  '\ufffd',
  '\ufffe',
  '\ufeffbyte order mark',
  '日本語',
  '👩‍👩‍👧‍👦',
  'e\u0301',
];
const INVALID = [
  '80',
  'bf',
  '8080',
  'c0',
  'c1',
  'f5',
  'ff',
  'fe',
  'fefeffff',
  'c020',
  'df20',
  'e020',
  'ef20',
  'f020',
  'f420',
  'c3',
  'e2',
  'e282',
  'f0',
  'f09f',
  'f09f98',
  'f8888080',
  'fc84808080',
  'c0af',
  'e080af',
  'f08080af',
  'c080',
  'c1bf',
  'e09fbf',
  'f08fbfbf',
  'eda080',
  'edadbf',
  'edbfbf',
  'eda080edb080',
  'f4908080',
  'f7bfbfbf',
  'cebae1bdb9cf83cebcceb5eda080656469746564',
].map((hex) => Buffer.from(hex, 'hex'));
for (const text of VALID) {
  const bytes = Buffer.from(text);
  add(`6. ${JSON.stringify(text)}`, [frame(TEXT, bytes)], [`text:${text}`]);
  add(`6. ${JSON.stringify(text)} a byte at a time`, [frame(TEXT, bytes)], [`text:${text}`], undefined, 1);
  if (bytes.length > 1) {
    const fragments = [...bytes].map((byte, at) =>
      at === 0 ? part(TEXT, Buffer.from([byte])) : part(CONTINUATION, Buffer.from([byte])),
    );
    add(`6. ${JSON.stringify(text)} a fragment a byte`, [...fragments, frame(CONTINUATION)], [`text:${text}`]);
  }
}
for (const bytes of INVALID) {
  const hex = bytes.toString('hex');
  add(`6. ${hex}`, [frame(TEXT, bytes)], [], 1007);
  add(
    `6. ${hex} within other text`,
    [frame(TEXT, Buffer.concat([Buffer.from('before '), bytes, Buffer.from(' after')]))],
    [],
    1007,
  );
  add(`6. ${hex} in fragments`, [part(TEXT, bytes.subarray(0, 1)), frame(CONTINUATION, bytes.subarray(1))], [], 1007);
  add(`6. ${hex} as bytes is fine`, [frame(BINARY, bytes)], [`binary:${hex}`]);
  add(`6. ${hex} before a valid message`, [frame(TEXT, bytes), frame(TEXT, 'valid')], [], 1007);
}

// 7. Closing.
add('7. an empty close', [frame(CLOSE)], [], 'none');
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
  add(`7. close with ${code}`, [closeWith(code)], [], code);
  add(`7. close with ${code} and a reason`, [closeWith(code, 'the reason')], [], code);
}
for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]) {
  add(`7. close with ${code}, which is nobody's to send`, [closeWith(code)], [], 1002);
}
add('7. close with half a code', [frame(CLOSE, 'x')], [], 1002);
add('7. close with a reason of 123 bytes', [closeWith(1000, 'x'.repeat(123))], [], 1000);
add('7. close with a reason of 124 bytes', [closeWith(1000, 'x'.repeat(124))], [], 1002);
add(
  '7. close with a reason that is no UTF-8',
  [closeWith(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]))],
  [],
  1007,
);
add('7. a message behind the close', [frame(TEXT, 'a'), closeWith(1000), frame(TEXT, 'b')], ['text:a'], 1000);
add('7. a ping behind the close', [closeWith(1000), frame(PING, 'p')], [], 1000);
add('7. two closes', [closeWith(1000), closeWith(1001)], [], 1000);
add('7. close in the middle of a message', [part(TEXT, 'a'), closeWith(1000)], [], 1000);
add('7. garbage behind the close', [closeWith(1000), Buffer.from('ffffffffffff', 'hex')], [], 1000);

// 9. Limits.
add(
  '9. a message of the largest size',
  [frame(BINARY, Buffer.alloc(MAX_PAYLOAD, 7))],
  [`binary:${'07'.repeat(MAX_PAYLOAD)}`],
);
add('9. a message one byte larger', [frame(BINARY, Buffer.alloc(MAX_PAYLOAD + 1))], [], 1009);
add(
  '9. the announcement of a larger one',
  [Buffer.concat([frame(BINARY, Buffer.alloc(MAX_PAYLOAD + 1)).subarray(0, 14)])],
  [],
  1009,
);
add(
  '9. fragments that are larger together',
  [part(BINARY, Buffer.alloc(MAX_PAYLOAD)), frame(CONTINUATION, 'x')],
  [],
  1009,
);
add('9. a length of 2^63', [Buffer.from('82ff8000000000000000', 'hex'), MASK], [], 1009);

describe(`RFC 6455, in ${cases.length} cases`, () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let runs = 0;
  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(() => demo.close());

  it('are enough, and none is there twice', () => {
    expect(cases.length).toBeGreaterThan(250);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it.each(cases)('$name', async ({ send, get = [], closed, pieceBytes = Infinity }) => {
    const peer = await Peer.open(demo.port, `/ws/echo/protocol${runs++}`);
    try {
      await peer.write(Buffer.concat(send), pieceBytes);
      if (closed === undefined) {
        // The connection is open, and its framing is intact.
        await peer.write(frame(TEXT, 'still here?'), Infinity);
        await peer.until((events) => events.at(-1) === 'text:still here?');
        expect(peer.events).toEqual([...get, 'text:still here?']);
      } else {
        await peer.until((events) => events.some((event) => event.startsWith('close:')));
        expect(peer.events.slice(0, get.length + 1)).toEqual([...get, `close:${closed}`]);
        // The server ends the connection after the client's close, or by itself after a violation.
        peer.socket.write(closeWith(1000));
        await peer.until((events) => events.at(-1) === 'end');
        expect(peer.events.slice(get.length)).toEqual([`close:${closed}`, 'end']);
      }
    } finally {
      peer.socket.destroy();
    }
  });
});
