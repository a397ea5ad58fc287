import { arena } from './arena.js';
import { Broadcasts } from './broadcasts.js';
import type { CoalescingOutlet } from './coalescing-outlet.js';
import type { Frame } from '../wire/frame.js';
import { partsOf, withoutVolatile } from './own-sequence.js';

/** Index of the first broadcast that any of these members needs. */
export function firstNeeded(members: readonly CoalescingOutlet[]): number {
  let first = Infinity;
  for (const { start, parts } of members) {
    // Its own parts may refer to any broadcast.
    if (parts !== null) return 0;
    first = Math.min(first, start);
  }
  return first;
}

/**
 * Writes to each of these members everything that is queued for it.
 * @param first index of the first broadcast that any of them needs
 * @param next their `start` afterwards
 * @returns the members that are too far behind
 */
export function writeBroadcasts(
  frames: readonly Frame[],
  first: number,
  members: Iterable<CoalescingOutlet>,
  next: number,
  hasVolatile: boolean,
): CoalescingOutlet[] {
  const behind: CoalescingOutlet[] = [];
  const broadcasts = new Broadcasts(frames, first);
  const end = frames.length;
  for (const outlet of members) {
    const start = outlet.start;
    outlet.start = next;
    const skipsVolatile = hasVolatile && outlet.link.skipsVolatile;
    let own: Buffer | null = null;
    if (outlet.parts !== null || skipsVolatile) {
      let parts = partsOf(outlet.parts);
      outlet.parts = null;
      if (start < end) parts.push(start, end);
      if (skipsVolatile) parts = withoutVolatile(parts, frames);
      if (parts.length > 0) own = arena.gather(parts, broadcasts);
    } else if (start < end) {
      own = broadcasts.from(start);
    }
    if (own === null) continue;
    if (!outlet.link.write(own)) behind.push(outlet);
    arena.written(outlet.link);
  }
  arena.release();
  return behind;
}

/**
 * Writes to single members when there are no broadcasts.
 * @param first the first member; the others are linked by `nextApart`
 * @returns the members that are too far behind
 */
export function writeApart(first: CoalescingOutlet | null, hasVolatile: boolean): CoalescingOutlet[] {
  const behind: CoalescingOutlet[] = [];
  for (let outlet = first, next: CoalescingOutlet | null; outlet !== null; outlet = next) {
    next = outlet.nextApart;
    outlet.nextApart = null;
    let own = outlet.parts;
    // It has left.
    if (own === null) continue;
    outlet.parts = null;
    outlet.start = 0;
    if (hasVolatile && outlet.link.skipsVolatile) own = withoutVolatile(own, []);
    if (Array.isArray(own) && own.length === 0) continue;
    if (!outlet.link.write(arena.gather(own, null))) behind.push(outlet);
    arena.written(outlet.link);
  }
  arena.release();
  return behind;
}
