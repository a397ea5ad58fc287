import { isUtf8 } from 'node:buffer';
import { compact } from './compact.js';
import { CLOSE, closeOf, LONGEST_CONTROL, PING, PONG, type Close } from './control-frame.js';
import { BINARY, FIN, TEXT } from './frame.js';
import { headerBytes, isViolation, LONGEST_HEADER, MASKED, payloadBytes, unmask } from './frame-header.js';

/** What a FrameReader hands its messages to. */
export interface FrameTarget {
  /** No message is handed over while this is true; the rest of a chunk waits. */
  readonly isPaused: boolean;
  /** Once false, everything goes to `ws`, which sees the close handshake through. */
  readonly isOpen: boolean;
  /** `ws` has been needed: it answers control frames, too, from then on. */
  readonly hasWs: boolean;
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
  receivePing(payload: Buffer): void;
  /** Nothing is received after it. */
  receiveClose(close: Close): void;
  passToWs(chunk: Buffer): void;
}

const FIN_TEXT = FIN | TEXT;
const FIN_BINARY = FIN | BINARY;
const FIN_CLOSE = FIN | CLOSE;
const FIN_PING = FIN | PING;
const FIN_PONG = FIN | PONG;

/**
 * Reads whole, unfragmented, masked frames straight from the socket's chunks and hands every other byte to `ws`:
 * fragments, frames cut by the end of a chunk, too large ones, and all violations of RFC 6455, so that `ws` answers
 * them as the RFC demands. Control frames are read until `ws` is needed for the first time. It knows where each frame
 * ends, so `ws` is always at a frame boundary when a frame is taken out of its stream.
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
  #isLeftToWs = false;
  /** The frame that is going to `ws` completes a message. */
  #isCompleting = false;
  #held: Buffer | null = null;
  /** The beginning of a message that the end of a chunk cut, and how much of it is still to come. */
  #cut: Buffer | null = null;
  #missing = 0;

  constructor(
    private readonly target: FrameTarget,
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
    if (this.#cut !== null) return this.#readCut(this.#cut, chunk);
    let at = 0;
    while (at < chunk.length && !this.isFinished) {
      if (this.#isLeftToWs) return this.target.passToWs(chunk.subarray(at));
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

  /** Something is held back by a pause. */
  get isHoldingBack(): boolean {
    return this.#held !== null;
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
      this.target.passToWs(chunk.subarray(at));
      return chunk.length;
    }
    const first = chunk[at];
    const length = payloadBytes(chunk, at);
    const end = at + start + length;
    if ((chunk[at + 1] & MASKED) !== 0 && !this.#isFragmented && this.target.isOpen) {
      if (end > chunk.length && this.#mayWait(first, length)) return this.#cutOff(chunk, at, end);
      if (end <= chunk.length && this.#readWhole(chunk, first, at + start, end)) return end;
    }
    this.#startPassing(first, chunk[at + 1], start + length);
    return at;
  }

  #mayWait(first: number, length: number): boolean {
    return !this.target.hasWs && isMessage(first) && length <= this.maxPayloadBytes;
  }

  /** Waits for the next chunk, in which most messages end that do not end in the one they begin in. */
  #cutOff(chunk: Buffer, at: number, end: number): number {
    this.#cut = compact(chunk.subarray(at));
    this.#missing = end - chunk.length;
    return chunk.length;
  }

  #readCut(cut: Buffer, chunk: Buffer): void {
    const missing = this.#missing;
    this.#cut = null;
    if (chunk.length < missing) {
      this.#startPassing(cut[0], cut[1], cut.length + missing);
      this.read(cut);
      this.read(chunk);
      return;
    }
    this.read(Buffer.concat([cut, chunk.subarray(0, missing)]));
    if (chunk.length > missing) this.read(chunk.subarray(missing));
  }

  /** @returns whether it did; if not, the frame is for `ws` */
  #readWhole(chunk: Buffer, first: number, start: number, end: number): boolean {
    if (isMessage(first)) return end - start <= this.maxPayloadBytes && this.#readMessage(chunk, first, start, end);
    return !this.target.hasWs && end - start <= LONGEST_CONTROL && this.#readControl(chunk, first, start, end);
  }

  #readMessage(chunk: Buffer, first: number, start: number, end: number): boolean {
    const union = unmask(chunk, start, end);
    if (first === FIN_BINARY) {
      this.target.receiveBinary(chunk.subarray(start, end));
    } else if (union < 0x80) {
      this.target.receiveText(chunk.toString('latin1', start, end));
    } else if (isUtf8(chunk.subarray(start, end))) {
      this.target.receiveText(chunk.toString('utf8', start, end));
    } else {
      unmask(chunk, start, end);
      this.#isLeftToWs = true;
      return false;
    }
    return true;
  }

  #readControl(chunk: Buffer, first: number, start: number, end: number): boolean {
    // A pong only shows that the peer is there.
    if (first === FIN_PONG) return true;
    if (first !== FIN_PING && first !== FIN_CLOSE) return false;
    unmask(chunk, start, end);
    const payload = chunk.subarray(start, end);
    if (first === FIN_PING) {
      this.target.receivePing(payload);
      return true;
    }
    const close = closeOf(payload);
    if (close === undefined) {
      unmask(chunk, start, end);
      return false;
    }
    this.isFinished = true;
    this.target.receiveClose(close);
    return true;
  }

  #readRestOfHeader(chunk: Buffer, at: number): number {
    const known = this.#header!;
    const header = Buffer.concat([known, chunk.subarray(at, at + LONGEST_HEADER - known.length)]);
    const start = headerBytes(header, 0);
    if (start === 0) {
      this.#header = header;
      this.target.passToWs(chunk.subarray(at));
      return chunk.length;
    }
    this.#header = null;
    this.#startPassing(header[0], header[1], start + payloadBytes(header, 0) - known.length);
    return at;
  }

  #startPassing(first: number, second: number, bytes: number): void {
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if (isViolation(first, second, this.#isFragmented) || !Number.isSafeInteger(bytes)) this.#isLeftToWs = true;
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
    this.target.passToWs(compact(chunk.subarray(at, end)));
    if (this.#left > 0) return end;
    if (this.#isClosing) this.isFinished = true;
    // ws hands over a complete message at once. If it did not, it has found a violation, and tells so only next tick.
    if (this.#isCompleting && !this.hasWsDelivered) this.#isLeftToWs = true;
    return end;
  }
}

function isMessage(first: number): boolean {
  return first === FIN_TEXT || first === FIN_BINARY;
}
