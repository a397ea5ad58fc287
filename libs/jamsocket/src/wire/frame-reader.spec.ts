import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as ws from 'ws';
import { closeFrame, type Close } from './control-frame.js';
import { FrameReader, type FrameTarget } from './frame-reader.js';
import { inputOf } from './reading/shared-input.js';
import { runs } from '../../../../test/support/fuzz.js';

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

/** Frames of a client, most of them valid. */
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

const TEXT: Omit<Piece, 'payload'> = { fin: true, rsv: 0, opcode: 0x1, masked: true };
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function encode({ fin, rsv, opcode, masked, payload }: Piece): Buffer {
  const { length } = payload;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  const header = length < 126 ? [first, flag | length] : [first, flag | 126, length >> 8, length & 0xff];
  const body = masked ? payload.map((byte, at) => byte ^ MASK[at % 4]) : payload;
  return Buffer.concat([Buffer.from(header), masked ? MASK : Buffer.alloc(0), body]);
}

/** The payload of a close frame, sometimes with an invalid code or reason. */
const closePayload: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 995, max: 1020 }), fc.string({ unit: 'binary', maxLength: 40 }))
    .map(([code, reason]) => closeFrame({ code, reason }).subarray(2)),
  fc.uint8Array({ maxLength: 6 }),
);

/** Cuts the bytes at these places, given as parts of the whole. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].sort((a, b) => a - b);
  // Each chunk is memory of its own, as it comes from a socket: reading unmasks in place.
  return at
    .map((end, index) => Buffer.from(bytes.subarray(at[index - 1] ?? 0, end)))
    .filter(({ length }) => length > 0);
}

/** The results of a parser, in order. */
class Outcome {
  readonly events: unknown[][] = [];
  readonly receiver = new Receiver({ isServer: true, maxPayload: MAX_PAYLOAD });
  hasFailed = false;

  constructor(onMessage: () => void = () => undefined) {
    this.receiver
      .on('message', (data: Buffer, isBinary: boolean) => {
        this.events.push(isBinary ? ['binary', data.toString('hex')] : ['text', data.toString()]);
        onMessage();
      })
      .on('ping', (data: Buffer) => this.events.push(['ping', data.toString('hex')]))
      .on('conclude', (code: number, reason: Buffer) => this.events.push(['close', code, reason.toString('hex')]))
      .on('error', (error: Error & { code: string }) => {
        this.hasFailed = true;
        this.events.push(['error', error.code]);
      });
  }

  /** The events, with bytes as they are now. */
  get read(): unknown[][] {
    return this.events.map((event) => event.map((part) => (Buffer.isBuffer(part) ? part.toString('hex') : part)));
  }

  write(chunk: Buffer): void {
    if (!this.hasFailed) this.receiver.write(chunk);
  }
}

/** Chunks of memory of their own, or of the memory that the next read overwrites. */
type Memory = 'own' | 'shared';

/** A FrameTarget that records what it gets, and for which `ws` is an Outcome. */
class RecordingTarget implements FrameTarget {
  isPaused = false;
  hasWs = false;
  taken = 0;
  readonly outcome: Outcome = new Outcome(() => this.onWsMessage());
  onWsMessage: () => void = () => undefined;

  constructor(private readonly pauses: () => boolean) {}

  get isOpen(): boolean {
    return !this.outcome.hasFailed;
  }
  receiveText(text: string): void {
    this.#take(['text', text]);
    this.isPaused = this.pauses();
  }
  receiveBinary(bytes: Buffer): void {
    // Read at the end: an application may keep the bytes.
    this.#take(['binary', bytes]);
    this.isPaused = this.pauses();
  }
  receivePing(payload: Buffer): void {
    this.#take(['ping', payload.toString('hex')]);
  }
  receiveClose({ code, reason }: Close): void {
    this.#take(['close', code, Buffer.from(reason).toString('hex')]);
  }
  passToWs(chunk: Buffer): void {
    this.hasWs = true;
    this.outcome.write(chunk);
  }

  #take(event: unknown[]): void {
    this.taken += 1;
    this.outcome.events.push(event);
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

async function readDirectly(
  chunks: Buffer[],
  isPaused: () => boolean,
  memory: Memory = 'own',
): Promise<RecordingTarget> {
  const target = new RecordingTarget(isPaused);
  const { outcome } = target;
  const reader = new FrameReader(target, MAX_PAYLOAD);
  target.onWsMessage = () => (reader.hasWsDelivered = true);
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
    if (memory === 'own') reader.read(chunk);
    else readFromInput(reader, chunk);
    await goOn();
  }
  return target;
}

function readFromInput(reader: FrameReader, chunk: Buffer): void {
  const input = inputOf(chunk.length);
  chunk.copy(input);
  reader.read(input);
  input.fill(0xaa);
}

describe('reading frames directly', () => {
  it.each<Memory>(['own', 'shared'])(
    'makes of any bytes, however they are cut, what ws makes of them: in %s memory',
    async (memory) => {
      let taken = 0;
      let withoutWs = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { minLength: 1, maxLength: 12 }),
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
          fc.array(fc.boolean(), { maxLength: 12 }),
          async (pieces, places, pauses) => {
            const bytes = Buffer.concat(pieces.map(encode));
            const direct = await readDirectly(cut(bytes, places), () => pauses.pop() ?? false, memory);
            expect(direct.outcome.read).toEqual(await readByWs(cut(bytes, places)));
            taken += direct.taken;
            withoutWs += direct.hasWs ? 0 : 1;
          },
        ),
        runs(600),
      );
      // Otherwise ws would parse everything, and the comparison would prove nothing.
      expect(taken).toBeGreaterThan(600);
      expect(withoutWs).toBeGreaterThan(60);
    },
  );

  it('makes of control frames what ws makes of them, also when it does without ws', async () => {
    const control = fc.record({
      fin: fc.constant(true),
      rsv: fc.constant(0),
      opcode: fc.constantFrom(0x1, 0x9, 0xa),
      masked: fc.constant(true),
      payload: fc.oneof(
        fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
        fc.constant(Buffer.alloc(125)),
      ),
    });
    let withoutWs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(control, { maxLength: 4 }), closePayload, async (pieces, payload) => {
        const close = { fin: true, rsv: 0, opcode: 0x8, masked: true, payload };
        const bytes = Buffer.concat([...pieces, close, ...pieces].map(encode));
        const direct = await readDirectly([Buffer.from(bytes)], () => false, 'shared');
        expect(direct.outcome.read).toEqual(await readByWs([Buffer.from(bytes)]));
        withoutWs += direct.hasWs ? 0 : 1;
        // Only an invalid close needs ws.
        expect(direct.hasWs).toBe(direct.outcome.hasFailed);
      }),
      runs(300),
    );
    expect(withoutWs).toBeGreaterThan(60);
  });

  it.each([
    ['two', 2, false],
    ['three', 3, true],
  ])('waits for the second half of a message, no longer: in %s parts', async (_how, count, needsWs) => {
    const bytes = encode({ fin: true, rsv: 0, opcode: 0x1, masked: true, payload: Buffer.from('x'.repeat(90)) });
    const places = Array.from({ length: count - 1 }, (_, at) => (at + 1) / count);
    const { outcome, hasWs } = await readDirectly(cut(bytes, places), () => false);
    expect(outcome.read).toEqual([['text', 'x'.repeat(90)]]);
    expect(hasWs).toBe(needsWs);
  });

  it('makes of any bytes at all what ws makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        const direct = await readDirectly([Buffer.from(bytes)], () => false);
        expect(direct.outcome.read).toEqual(await readByWs([Buffer.from(bytes)]));
      }),
      runs(500),
    );
  });

  it('gives ws a fragment in memory of its own, so that a byte does not pin its chunk', () => {
    const passed: Buffer[] = [];
    const target = new RecordingTarget(() => false);
    target.passToWs = (chunk) => passed.push(chunk);
    const reader = new FrameReader(target, MAX_PAYLOAD);
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

  const long = Buffer.alloc(40_000, 'x');
  const fragment = encode({ fin: false, rsv: 0, opcode: 0x1, masked: true, payload: Buffer.from('x') });
  it.each<[string, Buffer[]]>([
    [
      'a header in many pieces',
      [...encode({ ...TEXT, payload: Buffer.alloc(200) })].slice(0, 4).map((byte) => Buffer.of(byte)),
    ],
    ['a long fragment', [encode({ ...TEXT, fin: false, payload: long })]],
    ['a violation, and what follows it', [encode({ ...TEXT, rsv: 1, payload: long }), fragment]],
  ])('passes nothing to ws that the next read overwrites: %s', (_what, chunks) => {
    const passed: Buffer[] = [];
    const target = new RecordingTarget(() => false);
    target.passToWs = (chunk) => passed.push(chunk);
    const reader = new FrameReader(target, 2 * long.length);
    for (const chunk of chunks) readFromInput(reader, chunk);
    expect(Buffer.concat(passed)).toEqual(Buffer.concat(chunks));
  });

  it('keeps the beginning of a long message until its end has come', () => {
    const target = new RecordingTarget(() => false);
    const reader = new FrameReader(target, 2 * long.length);
    const bytes = encode({ ...TEXT, payload: long });
    readFromInput(reader, bytes.subarray(0, 39_000));
    readFromInput(reader, bytes.subarray(39_000));
    expect(target.outcome.read).toEqual([['text', long.toString()]]);
  });
});
