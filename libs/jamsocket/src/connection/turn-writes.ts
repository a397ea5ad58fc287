import { arena } from './arena.js';
import type { Broadcasts } from './broadcasts.js';
import type { Connection } from './connection.js';
import { partsOf, withoutVolatile } from './own-sequence.js';

/**
 * Writes to each of these members what it still has to get.
 * @param next the broadcast that they have to get next, then
 * @returns those that are too far behind
 */
export function writeBroadcasts(
  broadcasts: Broadcasts,
  members: Iterable<Connection>,
  next: number,
  hasVolatile: boolean,
): Connection[] {
  const slow: Connection[] = [];
  const { frames } = broadcasts;
  const end = frames.length;
  for (const connection of members) {
    const start = connection.outboxStart;
    connection.outboxStart = next;
    const skipsVolatile = hasVolatile && connection.skipsVolatile;
    let own: Buffer | null = null;
    if (connection.outboxParts !== null || skipsVolatile) {
      let parts = partsOf(connection.outboxParts);
      connection.outboxParts = null;
      connection.nextApart = null;
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
