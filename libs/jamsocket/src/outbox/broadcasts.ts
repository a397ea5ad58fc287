import { arena } from './arena.js';
import type { Frame } from '../wire/frame.js';

/** The broadcasts of one flush, encoded. */
export class Broadcasts {
  readonly #bytes: Buffer;
  /** The last range is cached: most members need the same one. */
  #lastStart: number;
  #last: Buffer;

  /** @param first index of the first frame that any member still needs */
  constructor(
    readonly frames: readonly Frame[],
    first: number,
  ) {
    this.#bytes = this.#last = arena.encode(frames, first);
    this.#lastStart = first;
  }

  /** The bytes from frame `start` to the end. */
  from(start: number): Buffer {
    if (start !== this.#lastStart) {
      this.#last = this.between(start, this.frames.length);
      this.#lastStart = start;
    }
    return this.#last;
  }

  /** The bytes of the frames `from` (included) to `to` (excluded). */
  between(from: number, to: number): Buffer {
    const { frames } = this;
    const end = to < frames.length ? frames[to].offset : this.#bytes.length;
    return this.#bytes.subarray(frames[from].offset, end);
  }
}
