import type { CoalescingOutlet } from './coalescing-outlet.js';

/** Members that have their own sequences, linked by `nextApart`: an array would be garbage after each tick. */
export class ApartList {
  #first: CoalescingOutlet | null = null;
  #last: CoalescingOutlet | null = null;
  count = 0;

  add(outlet: CoalescingOutlet): void {
    outlet.nextApart = null;
    if (this.#last === null) this.#first = outlet;
    else this.#last.nextApart = outlet;
    this.#last = outlet;
    this.count++;
  }

  /** Empties the list. @returns the first; the others are still linked to it */
  take(): CoalescingOutlet | null {
    const first = this.#first;
    this.#first = null;
    this.#last = null;
    this.count = 0;
    return first;
  }

  /** Empties the list and clears `nextApart`, which would keep departed outlets in memory. */
  clear(): void {
    for (let outlet = this.take(), next: CoalescingOutlet | null; outlet !== null; outlet = next) {
      next = outlet.nextApart;
      outlet.nextApart = null;
    }
  }
}
