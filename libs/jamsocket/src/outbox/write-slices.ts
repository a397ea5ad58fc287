import { HAS_LEFT, type CoalescingOutlet } from './coalescing-outlet.js';

/** Up to this many members are all written to in one tick, which takes a millisecond or less. */
export const LARGE_ROOM = 128;
/** A large room is written to over this many ticks. */
const TICKS = 8;

/**
 * Picks the members of a large room to write to in each tick. Members that have just sent something, or get something of
 * their own, come first; the others follow in rotation. So a reply does not wait for thousands of writes, and a member
 * that comes later gets more in one write.
 */
export class WriteSlices {
  /** Members that come first in the next slice. */
  readonly #first = new Set<CoalescingOutlet>();
  /** All members, in the order of the rotation. A new member is part of the next walk. */
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

  /** The next walk starts with the first member again. */
  endWalk(): void {
    this.#walk = [];
    this.#at = 0;
  }

  /** The walk has reached every member. */
  get isAround(): boolean {
    return this.#at >= this.#walk.length;
  }

  /** The walk has reached every member, and nothing was queued since it began. */
  get isDone(): boolean {
    return this.isAround && !this.#hasMore;
  }

  /** The members to write to now. @param end number of broadcasts in the shared list */
  next(members: ReadonlySet<CoalescingOutlet>, end: number): CoalescingOutlet[] {
    if (this.isAround) {
      this.#walk = [...members];
      this.#at = 0;
      this.#hasMore = false;
      this.began = end;
    }
    const size = Math.max(LARGE_ROOM, Math.ceil(members.size / TICKS));
    const slice: CoalescingOutlet[] = [];
    for (const outlet of this.#first) {
      // Nothing to write yet: its reply may still come, so it stays first.
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
