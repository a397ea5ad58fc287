import { arena } from './arena.js';
import type { Frame } from './frame.js';

/** What is broadcast, in the memory it is written from. */
export class Broadcasts {
  readonly #bytes: Buffer;
  readonly #offset: number;
  /** Most members still have to get the same. */
  #lastStart = -1;
  #last: Buffer | null = null;

  /** @param first index of the first frame that anyone still has to get */
  constructor(
    readonly frames: readonly Frame[],
    first: number,
  ) {
    this.#bytes = arena.encode(frames, first);
    this.#offset = frames[first]?.offset ?? 0;
  }

  from(start: number): Buffer {
    if (start !== this.#lastStart) {
      this.#last = this.between(start, this.frames.length);
      this.#lastStart = start;
    }
    return this.#last!;
  }

  between(from: number, to: number): Buffer {
    const { frames } = this;
    const end = to < frames.length ? frames[to].offset - this.#offset : this.#bytes.length;
    return this.#bytes.subarray(frames[from].offset - this.#offset, end);
  }
}
