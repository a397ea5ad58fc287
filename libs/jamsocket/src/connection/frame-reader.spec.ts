import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as ws from 'ws';
import { FrameReader, type FrameTarget } from './frame-reader.js';

const MAX_PAYLOAD = 300;

/** The parser of `ws`, which its types leave out. */
interface Receiver extends NodeJS.WritableStream {
  on(event: string, listener: (...args: never[]) => void): this;
}
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Receiver };

interface Piece {
  fin: boolean;
  rsv: number;
  opcode: number;
  masked: boolean;
  payload: Uint8Array;
}

/** Frames as a client sends them, most of them in order, some of them not. */
const piece: fc.Arbitrary<Piece> = fc.record({
  fin: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.boolean()),
  rsv: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 7 })),
  opcode: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(0x1, 0x2) },
    { weight: 4, arbitrary: fc.constantFrom(0x0, 0x9, 0xa) },
    fc.integer({ min: 0, max: 15 }),
  ),
  masked: fc.oneof({ weight: 30, arbitrary: fc.constant(true) }, fc.boolean()),
  payload: fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    fc.integer({ min: 100, max: MAX_PAYLOAD + 5 }).map((length) => Buffer.alloc(length, 'x')),
  ),
});

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function encode({ fin, rsv, opcode, masked, payload }: Piece): Buffer {
  const { length } = payload;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  const header = length < 126 ? [first, flag | length] : [first, flag | 126, length >> 8, length & 0xff];
  const body = masked ? payload.map((byte, at) => byte ^ MASK[at % 4]) : payload;
  return Buffer.concat([Buffer.from(header), masked ? MASK : Buffer.alloc(0), body]);
}

/** Cuts the bytes at these places, given as parts of the whole. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].sort((a, b) => a - b);
  // Each chunk is memory of its own, as it comes from a socket: reading unmasks in place.
  return at
    .map((end, index) => Buffer.from(bytes.subarray(at[index - 1] ?? 0, end)))
    .filter(({ length }) => length > 0);
}

/** What a parser made of the bytes, in order. */
class Outcome {
  readonly events: unknown[] = [];
  readonly receiver = new Receiver({ isServer: true, maxPayload: MAX_PAYLOAD });
  hasFailed = false;

  constructor(onMessage: () => void = () => undefined) {
    this.receiver
      .on('message', (data: Buffer, isBinary: boolean) => {
        this.events.push(isBinary ? ['binary', data.toString('hex')] : ['text', data.toString()]);
        onMessage();
      })
      .on('ping', (data: Buffer) => this.events.push(['ping', data.toString('hex')]))
      .on('pong', (data: Buffer) => this.events.push(['pong', data.toString('hex')]))
      .on('conclude', (code: number, reason: Buffer) => this.events.push(['close', code, reason.toString('hex')]))
      .on('error', (error: Error & { code: string }) => {
        this.hasFailed = true;
        this.events.push(['error', error.code]);
      });
  }

  write(chunk: Buffer): void {
    if (!this.hasFailed) this.receiver.write(chunk);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function readByWs(chunks: Buffer[]): Promise<unknown[]> {
  const outcome = new Outcome();
  for (const chunk of chunks) {
    outcome.write(chunk);
    await settled();
  }
  return outcome.events;
}

async function readDirectly(chunks: Buffer[], isPaused: () => boolean): Promise<{ events: unknown[]; taken: number }> {
  const outcome = new Outcome(() => (reader.hasWsDelivered = true));
  let taken = 0;
  const target: FrameTarget & { isPaused: boolean } = {
    isPaused: false,
    get isOpen() {
      return !outcome.hasFailed;
    },
    receiveText(text) {
      taken += 1;
      outcome.events.push(['text', text]);
      this.isPaused = isPaused();
    },
    receiveBinary(bytes) {
      taken += 1;
      outcome.events.push(['binary', bytes.toString('hex')]);
      this.isPaused = isPaused();
    },
  };
  const reader: FrameReader = new FrameReader(target, (chunk) => outcome.write(chunk), MAX_PAYLOAD);
  const goOn = async () => {
    await settled();
    if (outcome.hasFailed) reader.isFinished = true;
    while (target.isPaused) {
      target.isPaused = false;
      reader.readHeld();
      await settled();
    }
  };
  for (const chunk of chunks) {
    reader.read(chunk);
    await goOn();
  }
  return { events: outcome.events, taken };
}

describe('reading frames directly', () => {
  it('makes of any bytes, however they are cut, what ws makes of them', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 12 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        async (pieces, places, pauses) => {
          const bytes = Buffer.concat(pieces.map(encode));
          const direct = await readDirectly(cut(bytes, places), () => pauses.pop() ?? false);
          expect(direct.events).toEqual(await readByWs(cut(bytes, places)));
          taken += direct.taken;
        },
      ),
      { numRuns: 3_000 },
    );
    // Otherwise everything went to ws, and the comparison said nothing.
    expect(taken).toBeGreaterThan(3_000);
  });

  it('makes of any bytes at all what ws makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        const direct = await readDirectly([Buffer.from(bytes)], () => false);
        expect(direct.events).toEqual(await readByWs([Buffer.from(bytes)]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives ws a fragment in memory of its own, so that a byte does not pin its chunk', () => {
    const passed: Buffer[] = [];
    const target = { isPaused: false, isOpen: true, receiveText: () => undefined, receiveBinary: () => undefined };
    const reader = new FrameReader(target, (chunk) => passed.push(chunk), MAX_PAYLOAD);
    const fragment = encode({ fin: false, rsv: 0, opcode: 0x1, masked: true, payload: Buffer.from('x') });
    reader.read(
      Buffer.concat([
        fragment,
        ...Array.from({ length: 500 }, () =>
          encode({ fin: true, rsv: 0, opcode: 0xa, masked: true, payload: Buffer.alloc(100) }),
        ),
      ]),
    );
    expect(passed[0]).toEqual(fragment);
    expect(passed[0].buffer.byteLength).toBe(fragment.length);
  });
});
