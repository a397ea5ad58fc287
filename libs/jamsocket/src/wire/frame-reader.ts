import { isUtf8 } from 'node:buffer';
import { compact } from './compact.js';
import { CLOSE, closeOf, LONGEST_CONTROL, PING, PONG, type Close } from './control-frame.js';
import { BINARY, FIN, TEXT } from './frame.js';
import { kept } from './reading/shared-input.js';
import { headerBytes, isViolation, LONGEST_HEADER, MASKED, payloadBytes, unmask } from './frame-header.js';

/** Receives the messages of a FrameReader. */
export interface FrameTarget {
  /** While this is true, no message is delivered and the rest of a chunk waits. */
  readonly isPaused: boolean;
  /** Once false, everything goes to `ws`, which completes the closing handshake. */
  readonly isOpen: boolean;
  /** Once true, `ws` answers control frames, too. */
  readonly hasWs: boolean;
  /** @param bytes length of the text in UTF-8 */
  receiveText(text: string, bytes: number): void;
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
 * Reads whole, unfragmented, masked frames directly from the socket's chunks and passes all other bytes to `ws`:
 * fragments, frames that span several chunks, frames that are too large, and all violations of RFC 6455, which `ws`
 * answers as the RFC requires. Control frames are read here until `ws` is first needed. The reader tracks where each
 * frame ends, so `ws` is always at a frame boundary when a frame bypasses it.
 */
export class FrameReader {
  /** Remaining bytes of the current frame, which go to `ws`. */
  #left = 0;
  /** The first bytes of a header that continues in the next chunk; `ws` already has them. */
  #header: Buffer | null = null;
  /** `ws` is collecting a fragmented message. */
  #isFragmented = false;
  /** The current frame goes to `ws` and is a close frame: nothing follows it. */
  #isClosing = false;
  /** A violation was found: `ws` reads everything from here on. */
  #isLeftToWs = false;
  /** The current frame goes to `ws` and completes a message. */
  #isCompleting = false;
  #held: Buffer | null = null;
  /** The beginning of a message that continues in the next chunk, and how many bytes are missing. */
  #cut: Buffer | null = null;
  #missing = 0;

  constructor(
    private readonly target: FrameTarget,
    private readonly maxPayloadBytes: number,
  ) {}

  /** Nothing more is read: the close frame has arrived, or `ws` has found a violation. */
  isFinished = false;
  /** Set when `ws` delivers a message. */
  hasWsDelivered = false;

  read(chunk: Buffer): void {
    if (this.#held !== null) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    if (this.#cut !== null) return this.#readCut(this.#cut, chunk);
    let at = 0;
    while (at < chunk.length && !this.isFinished) {
      if (this.#isLeftToWs) return this.target.passToWs(kept(chunk.subarray(at)));
      if (this.#left > 0) {
        at = this.#pass(chunk, at);
        continue;
      }
      if (this.target.isPaused) {
        this.#held = kept(chunk.subarray(at));
        return;
      }
      at = this.#header === null ? this.#readFrame(chunk, at) : this.#readRestOfHeader(chunk, at);
    }
  }

  /** A pause holds bytes back. */
  get isHoldingBack(): boolean {
    return this.#held !== null;
  }

  /** Reads the bytes that a pause held back. */
  readHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.read(held);
  }

  #readFrame(chunk: Buffer, at: number): number {
    const start = headerBytes(chunk, at);
    if (start === 0) {
      this.#header = Buffer.from(chunk.subarray(at));
      this.target.passToWs(kept(chunk.subarray(at)));
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

  /** Waits for the next chunk instead of passing the rest to `ws`: most messages span two chunks at most. */
  #cutOff(chunk: Buffer, at: number, end: number): number {
    this.#cut = compact(kept(chunk.subarray(at)));
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

  /** @returns false if the frame must go to `ws` */
  #readWhole(chunk: Buffer, first: number, start: number, end: number): boolean {
    if (isMessage(first)) return end - start <= this.maxPayloadBytes && this.#readMessage(chunk, first, start, end);
    return !this.target.hasWs && end - start <= LONGEST_CONTROL && this.#readControl(chunk, first, start, end);
  }

  #readMessage(chunk: Buffer, first: number, start: number, end: number): boolean {
    const union = unmask(chunk, start, end);
    if (first === FIN_BINARY) {
      this.target.receiveBinary(kept(chunk.subarray(start, end)));
    } else if (union < 0x80) {
      this.target.receiveText(chunk.toString('latin1', start, end), end - start);
    } else if (isUtf8(chunk.subarray(start, end))) {
      this.target.receiveText(chunk.toString('utf8', start, end), end - start);
    } else {
      unmask(chunk, start, end);
      this.#isLeftToWs = true;
      return false;
    }
    return true;
  }

  #readControl(chunk: Buffer, first: number, start: number, end: number): boolean {
    // A pong only shows that the peer is alive.
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
      this.target.passToWs(kept(chunk.subarray(at)));
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
    // ws may keep a fragment for long: it must not keep the whole chunk in memory.
    this.target.passToWs(compact(kept(chunk.subarray(at, end))));
    if (this.#left > 0) return end;
    if (this.#isClosing) this.isFinished = true;
    // ws delivers a complete message synchronously. If it did not, it has found a violation, which it reports in the next tick.
    if (this.#isCompleting && !this.hasWsDelivered) this.#isLeftToWs = true;
    return end;
  }
}

function isMessage(first: number): boolean {
  return first === FIN_TEXT || first === FIN_BINARY;
}
