import { arena } from './arena.js';
import type { Frame } from '../wire/frame.js';

/** What is broadcast, in the memory it is written from. */
export class Broadcasts {
  readonly #bytes: Buffer;
  /** Most members still have to get the same. */
  #lastStart: number;
  #last: Buffer;

  /** @param first index of the first frame that anyone still has to get */
  constructor(
    readonly frames: readonly Frame[],
    first: number,
  ) {
    this.#bytes = this.#last = arena.encode(frames, first);
    this.#lastStart = first;
  }

  /** Everything from the `start`th on. */
  from(start: number): Buffer {
    if (start !== this.#lastStart) {
      this.#last = this.between(start, this.frames.length);
      this.#lastStart = start;
    }
    return this.#last;
  }

  /** From one up to another. */
  between(from: number, to: number): Buffer {
    const { frames } = this;
    const end = to < frames.length ? frames[to].offset : this.#bytes.length;
    return this.#bytes.subarray(frames[from].offset, end);
  }
}
