import { HAS_LEFT, type CoalescingOutlet } from './coalescing-outlet.js';

/** Up to so many members are all written to in each turn, which takes a millisecond or less. */
export const LARGE_ROOM = 128;
/** A large room is written to in so many turns. */
const TURNS = 8;

/**
 * Whom of a large room to write to in which turn. Those who have said something, or get something of their own, come
 * first; the others take turns. So nobody waits to be heard until thousands of others have been written to, and
 * whoever is written to later gets more at once.
 */
export class WriteSlices {
  /** Who comes first the next time there is something to write to it. */
  readonly #first = new Set<CoalescingOutlet>();
  /** The members one after the other. Who joins is in the next walk. */
  #walk: readonly CoalescingOutlet[] = [];
  #at = 0;
  /** Something was queued since the walk began. */
  #hasMore = false;
  /** How many broadcasts there were when the walk began. */
  began = 0;

  putFirst(outlet: CoalescingOutlet): void {
    this.#first.add(outlet);
  }

  forget(outlet: CoalescingOutlet): void {
    this.#first.delete(outlet);
  }

  queued(): void {
    this.#hasMore = true;
  }

  /** The next begins with the first member again. */
  endWalk(): void {
    this.#walk = [];
    this.#at = 0;
  }

  /** Everyone has had a turn. */
  get isAround(): boolean {
    return this.#at >= this.#walk.length;
  }

  /** And has got everything. */
  get isDone(): boolean {
    return this.isAround && !this.#hasMore;
  }

  /** @param end how many broadcasts there are */
  next(members: ReadonlySet<CoalescingOutlet>, end: number): CoalescingOutlet[] {
    if (this.isAround) {
      this.#walk = [...members];
      this.#at = 0;
      this.#hasMore = false;
      this.began = end;
    }
    const size = Math.max(LARGE_ROOM, Math.ceil(members.size / TURNS));
    const slice: CoalescingOutlet[] = [];
    for (const outlet of this.#first) {
      // Its answer may still be under way.
      if (outlet.start === end && outlet.parts === null) continue;
      if (slice.length === size) break;
      this.#first.delete(outlet);
      slice.push(outlet);
    }
    const until = this.#at + size;
    for (; this.#at < until && !this.isAround; this.#at++) {
      const outlet = this.#walk[this.#at];
      if (outlet.start !== HAS_LEFT) slice.push(outlet);
    }
    return slice;
  }
}
