import { arena } from './arena.js';
import { Broadcasts } from './broadcasts.js';
import type { Connection } from '../wire/connection.js';
import type { Frame } from '../wire/frame.js';
import { partsOf, withoutVolatile } from '../wire/own-sequence.js';

/** The first broadcast that one of them still has to get. */
export function firstNeeded(members: readonly Connection[]): number {
  let first = Infinity;
  for (const { outboxStart, outboxParts } of members) {
    // In a sequence of its own there may be any.
    if (outboxParts !== null) return 0;
    first = Math.min(first, outboxStart);
  }
  return first;
}

/**
 * Writes to each of these members what it still has to get.
 * @param first the first of the broadcasts that one of them has to get
 * @param next the one that they have to get next, then
 * @returns those that are too far behind
 */
export function writeBroadcasts(
  frames: readonly Frame[],
  first: number,
  members: Iterable<Connection>,
  next: number,
  hasVolatile: boolean,
): Connection[] {
  const slow: Connection[] = [];
  const broadcasts = new Broadcasts(frames, first);
  const end = frames.length;
  for (const connection of members) {
    const start = connection.outboxStart;
    connection.outboxStart = next;
    const skipsVolatile = hasVolatile && connection.skipsVolatile;
    let own: Buffer | null = null;
    if (connection.outboxParts !== null || skipsVolatile) {
      let parts = partsOf(connection.outboxParts);
      connection.outboxParts = null;
      if (start < end) parts.push(start, end);
      if (skipsVolatile) parts = withoutVolatile(parts, frames);
      if (parts.length > 0) own = arena.gather(parts, broadcasts);
    } else if (start < end) {
      own = broadcasts.from(start);
    }
    if (own === null) continue;
    if (!connection.write(own)) slow.push(connection);
    arena.written(connection);
  }
  arena.release();
  return slow;
}

/**
 * Writes to single members, in a turn without broadcasts.
 * @param first the first of them; they are linked by `nextApart`
 * @returns those that are too far behind
 */
export function writeApart(first: Connection | null, hasVolatile: boolean): Connection[] {
  const slow: Connection[] = [];
  for (let connection = first, next: Connection | null; connection !== null; connection = next) {
    next = connection.nextApart;
    connection.nextApart = null;
    let own = connection.outboxParts;
    // It may have left.
    if (own === null) continue;
    connection.outboxParts = null;
    connection.outboxStart = 0;
    if (hasVolatile && connection.skipsVolatile) own = withoutVolatile(own, []);
    if (Array.isArray(own) && own.length === 0) continue;
    if (!connection.write(arena.gather(own, null))) slow.push(connection);
    arena.written(connection);
  }
  arena.release();
  return slow;
}
