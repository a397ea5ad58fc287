import { randomNumbers } from '../random-numbers.js';

/** Whole numbers that are the same in every run with the same seed. */
export class Dice {
  readonly #next: () => number;

  constructor(readonly seed: number) {
    this.#next = randomNumbers(seed);
  }

  /** From 0 to below `bound`, which is at most 65,536. */
  below(bound: number): number {
    return Math.floor((this.#next() / 65_536) * bound);
  }
}
