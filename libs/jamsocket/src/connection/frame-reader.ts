import { isUtf8 } from 'node:buffer';
import { compact } from './compact.js';
import { BINARY, TEXT } from './frame.js';

/** What a FrameReader hands its messages to. */
export interface FrameTarget {
  /** No message is handed over while this is true; the rest of a chunk waits. */
  readonly isPaused: boolean;
  /** Once false, everything goes to `ws`, which sees the close handshake through. */
  readonly isOpen: boolean;
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
}

const FIN_TEXT = 0x80 | TEXT;
const FIN_BINARY = 0x80 | BINARY;
const MASKED = 0x80;
const CONTINUATION = 0x0;
const CLOSE = 0x8;
const PONG = 0xa;
const LONGEST_CONTROL = 125;
const LONGEST_HEADER = 14;

/**
 * Reads whole, unfragmented, masked text and binary frames straight from the socket's chunks and hands every
 * other byte to `ws`: control frames, fragments, frames cut by the end of a chunk, too large ones, and all
 * violations of RFC 6455, so that `ws` answers them as the RFC demands. It knows where each frame ends, so
 * `ws` is always at a frame boundary when a frame is taken out of its stream.
 */
export class FrameReader {
  /** Bytes of the current frame that still go to `ws`. */
  #left = 0;
  /** The bytes so far of a header that the end of a chunk cut; `ws` has them already. */
  #header: Buffer | null = null;
  /** A fragmented message is under way, and `ws` is gathering it. */
  #isFragmented = false;
  /** The frame that is going to `ws` is a close frame: nothing follows it. */
  #isClosing = false;
  /** A violation was seen: `ws` reads alone from here on. */
  #isHandedOver = false;
  /** The frame that is going to `ws` completes a message. */
  #isCompleting = false;
  #held: Buffer | null = null;

  constructor(
    private readonly target: FrameTarget,
    private readonly passToWs: (chunk: Buffer) => void,
    private readonly maxPayloadBytes: number,
  ) {}

  /** Nothing more is read: the close frame has been seen, or `ws` gave up on the connection. */
  isFinished = false;
  /** Set when `ws` hands over a message. */
  hasWsDelivered = false;

  read(chunk: Buffer): void {
    if (this.#held !== null) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    let at = 0;
    while (at < chunk.length && !this.isFinished) {
      if (this.#isHandedOver) return this.passToWs(chunk.subarray(at));
      if (this.#left > 0) {
        at = this.#pass(chunk, at);
        continue;
      }
      if (this.target.isPaused) {
        this.#held = chunk.subarray(at);
        return;
      }
      at = this.#header === null ? this.#readFrame(chunk, at) : this.#readRestOfHeader(chunk, at);
    }
  }

  /** Reads what was held back by a pause. */
  readHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.read(held);
  }

  #readFrame(chunk: Buffer, at: number): number {
    const start = headerBytes(chunk, at);
    if (start === 0) {
      this.#header = Buffer.from(chunk.subarray(at));
      this.passToWs(chunk.subarray(at));
      return chunk.length;
    }
    const first = chunk[at];
    const length = payloadBytes(chunk, at);
    const isPlain =
      (first === FIN_TEXT || first === FIN_BINARY) && (chunk[at + 1] & MASKED) !== 0 && !this.#isFragmented;
    const end = at + start + length;
    if (!isPlain || end > chunk.length || length > this.maxPayloadBytes || !this.target.isOpen) {
      this.#startPassing(first, chunk[at + 1], start + length);
      return at;
    }
    const union = unmask(chunk, at + start, end);
    if (first === FIN_BINARY) {
      this.target.receiveBinary(chunk.subarray(at + start, end));
    } else if (union < 0x80) {
      this.target.receiveText(chunk.toString('latin1', at + start, end));
    } else if (isUtf8(chunk.subarray(at + start, end))) {
      this.target.receiveText(chunk.toString('utf8', at + start, end));
    } else {
      unmask(chunk, at + start, end);
      this.#isHandedOver = true;
      return at;
    }
    return end;
  }

  #readRestOfHeader(chunk: Buffer, at: number): number {
    const known = this.#header!;
    const header = Buffer.concat([known, chunk.subarray(at, at + LONGEST_HEADER - known.length)]);
    const start = headerBytes(header, 0);
    if (start === 0) {
      this.#header = header;
      this.passToWs(chunk.subarray(at));
      return chunk.length;
    }
    this.#header = null;
    this.#startPassing(header[0], header[1], start + payloadBytes(header, 0) - known.length);
    return at;
  }

  #startPassing(first: number, second: number, bytes: number): void {
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if (isViolation(first, second, this.#isFragmented) || !Number.isSafeInteger(bytes)) this.#isHandedOver = true;
    if (opcode <= BINARY) this.#isFragmented = !isFinal;
    this.#isCompleting = opcode <= BINARY && isFinal;
    this.#isClosing = opcode === CLOSE;
    this.#left = bytes;
  }

  #pass(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.hasWsDelivered = false;
    // ws may hold on to it, as a fragment: a byte must not pin the chunk it came in.
    this.passToWs(compact(chunk.subarray(at, end)));
    if (this.#left > 0) return end;
    if (this.#isClosing) this.isFinished = true;
    // ws hands over a complete message at once. If it did not, it has found a violation, and tells so only next tick.
    if (this.#isCompleting && !this.hasWsDelivered) this.#isHandedOver = true;
    return end;
  }
}

/** Whether these first bytes of a frame break RFC 6455 section 5.2, 5.4 or 5.5. */
function isViolation(first: number, second: number, isFragmented: boolean): boolean {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0 || (second & MASKED) === 0) return true;
  if (opcode <= BINARY) return (opcode === CONTINUATION) !== isFragmented;
  const isControl = opcode >= CLOSE && opcode <= PONG;
  return !isControl || (first & 0x80) === 0 || (second & 0x7f) > LONGEST_CONTROL;
}

/** Length of the header at `at`, its mask included, or 0 if the chunk ends before it does. */
function headerBytes(chunk: Buffer, at: number): number {
  if (chunk.length - at < 2) return 0;
  const second = chunk[at + 1];
  const short = second & 0x7f;
  const bytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & MASKED) !== 0 ? 4 : 0);
  return chunk.length - at < bytes ? 0 : bytes;
}

function payloadBytes(chunk: Buffer, at: number): number {
  const short = chunk[at + 1] & 0x7f;
  if (short < 126) return short;
  if (short === 126) return (chunk[at + 2] << 8) | chunk[at + 3];
  return chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6);
}

/** Applies the mask that stands before `start` to the payload, in place, and returns the union of the bits of all bytes. */
function unmask(chunk: Buffer, start: number, end: number): number {
  const a = chunk[start - 4];
  const b = chunk[start - 3];
  const c = chunk[start - 2];
  const d = chunk[start - 1];
  let union = 0;
  let at = start;
  for (; at + 3 < end; at += 4) {
    union |= (chunk[at] ^= a) | (chunk[at + 1] ^= b) | (chunk[at + 2] ^= c) | (chunk[at + 3] ^= d);
  }
  if (at < end) union |= chunk[at++] ^= a;
  if (at < end) union |= chunk[at++] ^= b;
  if (at < end) union |= chunk[at] ^= c;
  return union;
}
