import type { Frame } from '../wire/frame.js';
import { partsOf, type OwnSequence } from './own-sequence.js';
import type { Link } from './link.js';
import { ShortFrames } from '../wire/short-frames.js';

/** Enough for a flush of most rooms. A flush that needs more gets its own buffer. */
const ARENA_BYTES = 64 * 1024;

/** Frames that are already encoded. */
interface Encoded {
  /** The bytes of the frames `from` (included) to `to` (excluded). */
  between(from: number, to: number): Buffer;
}

/**
 * The memory that frames are encoded into while a room is flushed. The next flush reuses it unless a socket still
 * references part of it, so a busy server allocates no buffers for its broadcasts.
 */
class Arena {
  /** A socket still references this buffer: do not reuse it. */
  #isReferenced = false;
  #buffer = Buffer.alloc(0);
  #used = 0;
  /** Start of the last member's own sequence; -1 if there is none. It can be overwritten once it is written out. */
  #scratch = -1;
  /** Frames for single members that were encoded in this flush. Each is encoded once, however many members get it. */
  #encoded: Frame[] = [];
  readonly #short = new ShortFrames();
  /** The last bytes given out are from `#short`. */
  #isShort = false;

  /** Encodes the frames from index `first` on, one after another. */
  encode(frames: readonly Frame[], first: number): Buffer {
    let bytes = 0;
    for (let index = first; index < frames.length; index++) bytes += frames[index].bytes;
    const start = this.#take(bytes);
    let at = start;
    for (let index = first; index < frames.length; index++) {
      frames[index].offset = at - start;
      at = frames[index].writeTo(this.#buffer, at);
    }
    return this.#buffer.subarray(start, at);
  }

  /** The bytes of one member's own sequence. Indices in it refer to `broadcasts`. */
  gather(own: OwnSequence, broadcasts: Encoded | null): Buffer {
    const short = Array.isArray(own) ? null : this.#short.encode(own);
    this.#isShort = short !== null;
    if (short !== null) return short;
    const parts = partsOf(own);
    if (parts.length === 1) return this.#single(parts[0] as Frame);
    if (parts.length === 2 && typeof parts[0] === 'number') return broadcasts!.between(parts[0], parts[1] as number);
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at];
      const piece = typeof part === 'number' ? broadcasts!.between(part, parts[++at] as number) : this.#single(part);
      pieces.push(piece);
      bytes += piece.length;
    }
    const start = this.#take(bytes);
    this.#scratch = start;
    let at = start;
    for (const piece of pieces) at += piece.copy(this.#buffer, at);
    return this.#buffer.subarray(start, at);
  }

  /** The last bytes given out were written to this link. */
  written(link: Pick<Link, 'isBuffering'>): void {
    if (!link.isBuffering) {
      if (this.#scratch >= 0) this.#used = this.#scratch;
    } else if (this.#isShort) {
      this.#short.giveAway();
    } else {
      this.#isReferenced = true;
    }
    this.#scratch = -1;
    this.#isShort = false;
  }

  /** Ends a flush. */
  release(): void {
    for (const frame of this.#encoded) frame.encoded = null;
    this.#encoded.length = 0;
    if (this.#isReferenced || this.#buffer.length > ARENA_BYTES) this.#buffer = Buffer.alloc(0);
    this.#isReferenced = false;
    this.#used = 0;
  }

  #single(frame: Frame): Buffer {
    if (frame.encoded === null) {
      const start = this.#take(frame.bytes);
      frame.encoded = this.#buffer.subarray(start, frame.writeTo(this.#buffer, start));
      this.#encoded.push(frame);
    }
    return frame.encoded;
  }

  #take(bytes: number): number {
    if (this.#used + bytes > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, bytes));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return start;
  }
}

/** One arena for the process: it is in use only during a flush, and flushes do not overlap. */
export const arena = new Arena();
