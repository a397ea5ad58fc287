import type { Frame } from '../wire/frame.js';
import { partsOf, type OwnSequence } from './own-sequence.js';
import type { Link } from './link.js';
import { ShortFrames } from '../wire/short-frames.js';

/** Enough for the turns of most rooms; a turn that needs more gets a buffer of its own. */
const ARENA_BYTES = 64 * 1024;

/** Frames that lie in memory already. */
interface Encoded {
  /** The bytes from one frame up to another. */
  between(from: number, to: number): Buffer;
}

/**
 * The memory that frames are encoded into while a room is flushed. It is used again for the next flush unless some
 * socket still holds on to a piece of it, so a busy server allocates no buffers for its broadcasts.
 */
class Arena {
  /** A socket did not take everything at once: the memory is its own now. */
  #isHeld = false;
  #buffer = Buffer.alloc(0);
  #used = 0;
  /** Where the last member's own sequence begins; nobody needs it once it is written. */
  #scratch = -1;
  /** Frames for single members, encoded once whoever gets them. */
  #encoded: Frame[] = [];
  readonly #short = new ShortFrames();
  /** What was given out last is one of those. */
  #isShort = false;

  /** Encodes the frames from `first` on one behind the other. */
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

  /** One member's own sequence. Its indices are those of `broadcasts`. */
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
  written(link: Pick<Link, 'isHolding'>): void {
    if (!link.isHolding) {
      if (this.#scratch >= 0) this.#used = this.#scratch;
    } else if (this.#isShort) {
      this.#short.giveAway();
    } else {
      this.#isHeld = true;
    }
    this.#scratch = -1;
    this.#isShort = false;
  }

  /** Ends a flush. */
  release(): void {
    for (const frame of this.#encoded) frame.encoded = null;
    this.#encoded.length = 0;
    if (this.#isHeld || this.#buffer.length > ARENA_BYTES) this.#buffer = Buffer.alloc(0);
    this.#isHeld = false;
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

/** One for the process: it is only in use while a flush runs, and flushes do not overlap. */
export const arena = new Arena();
