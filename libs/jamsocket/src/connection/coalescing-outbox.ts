import { arena } from './arena.js';
import type { Connection } from './connection.js';
import type { Frame } from './frame.js';
import type { DropSlow, Outbox } from './outbox.js';
import type { TurnFlusher } from './turn-flusher.js';

/** A room that has collected this much in a turn writes at once, so that a turn's memory stays bounded. */
const FLUSH_AT_BYTES = 64 * 1024;

const NO_FRAMES: readonly Frame[] = [];
/** Never pushed to: the first of a turn gets a list of its own. */
const NOBODY: Connection[] = [];

/**
 * Gathers what a room sends in one event-loop turn and writes it with one write a client.
 *
 * Broadcasts go into one list that all members share: M broadcasts to N clients are encoded once and cost N writes
 * of the same bytes. A member that gets something else in between (a direct message, or a broadcast without it) keeps
 * `outboxParts`, the sequence of its own: index pairs `from, to` into the shared list, and frames. What follows its
 * last part is `outboxStart` to the end of the shared list.
 */
export class CoalescingOutbox implements Outbox {
  readonly #members = new Set<Connection>();
  #shared: Frame[] = [];
  /** Members with parts of their own. */
  #apart = NOBODY;
  #bytes = 0;
  #isScheduled = false;
  /** Some of what is queued is volatile. */
  #hasVolatile = false;

  constructor(
    private readonly flusher: TurnFlusher,
    private readonly dropSlow: DropSlow,
  ) {}

  join(connection: Connection): void {
    connection.outboxStart = this.#shared.length;
    this.#members.add(connection);
  }

  leave(connection: Connection): void {
    this.#members.delete(connection);
    connection.outboxParts = null;
  }

  broadcast(frame: Frame): void {
    if (this.#members.size === 0) return;
    this.#shared.push(frame);
    this.#queued(frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly Connection[]): void {
    const index = this.#shared.length;
    for (const connection of excluded) {
      if (!this.#members.has(connection)) continue;
      this.#ownParts(connection, index);
      connection.outboxStart = index + 1;
    }
    this.broadcast(frame);
  }

  sendTo(frame: Frame, connection: Connection): void {
    if (!this.#members.has(connection)) return;
    this.#addPart(connection, frame);
    this.#queued(frame);
  }

  send(frame: Frame, connections: readonly Connection[]): void {
    let isQueued = false;
    for (const connection of connections) {
      if (!this.#members.has(connection)) continue;
      this.#addPart(connection, frame);
      isQueued = true;
    }
    if (isQueued) this.#queued(frame);
  }

  sendAll(frames: readonly Frame[], connection: Connection): void {
    for (const frame of frames) {
      this.#addPart(connection, frame);
      this.#count(frame);
    }
    this.#flushSoon();
  }

  queuedBytes(connection: Connection): number {
    if (!this.#members.has(connection)) return 0;
    const sizeOf = (from: number, to: number) =>
      this.#shared.slice(from, to).reduce((sum, frame) => sum + frame.bytes, 0);
    let bytes = sizeOf(connection.outboxStart, this.#shared.length);
    const parts = connection.outboxParts ?? [];
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at];
      bytes += typeof part === 'number' ? sizeOf(part, parts[++at] as number) : part.bytes;
    }
    return bytes;
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#bytes === 0) return;
    const shared = this.#shared;
    const apart = this.#apart;
    const hasVolatile = this.#hasVolatile;
    this.#shared = [];
    this.#apart = NOBODY;
    this.#bytes = 0;
    this.#hasVolatile = false;
    const slow = shared.length > 0 ? this.#writeToAll(shared, hasVolatile) : this.#writeApart(apart, hasVolatile);
    // Dropping runs the room's code, which may send again: only now is everything in order for it.
    for (const connection of slow) this.dropSlow(connection);
  }

  /** The flush at the end of the turn stays scheduled: one for all answers of a turn. */
  flushAnswers(connection: Connection): void {
    const apart = this.#apart;
    if (apart.length !== 1 || apart[0] !== connection || this.#shared.length > 0) return;
    if (this.flusher.gathersLonger) return;
    const hasVolatile = this.#hasVolatile;
    this.#bytes = 0;
    this.#hasVolatile = false;
    this.#apart = NOBODY;
    for (const dropped of this.#writeApart(apart, hasVolatile)) this.dropSlow(dropped);
  }

  #addPart(connection: Connection, frame: Frame): void {
    const end = this.#shared.length;
    if (connection.outboxParts === null && connection.outboxStart === end) {
      // The usual answer. A list of one is smaller than a list that has grown to one.
      this.#setApart(connection, [frame]);
    } else {
      this.#ownParts(connection, end).push(frame);
    }
  }

  /** Closes what `connection` gets of the shared list at `end`. */
  #ownParts(connection: Connection, end: number): (number | Frame)[] {
    const parts = connection.outboxParts ?? this.#setApart(connection, []);
    if (connection.outboxStart < end) parts.push(connection.outboxStart, end);
    connection.outboxStart = end;
    return parts;
  }

  #setApart(connection: Connection, parts: (number | Frame)[]): (number | Frame)[] {
    connection.outboxParts = parts;
    if (this.#apart.length === 0) this.#apart = [connection];
    else this.#apart.push(connection);
    return parts;
  }

  #queued(frame: Frame): void {
    this.#count(frame);
    this.#flushSoon();
  }

  #count(frame: Frame): void {
    this.#bytes += frame.bytes;
    if (frame.isVolatile) this.#hasVolatile = true;
  }

  #flushSoon(): void {
    if (this.#bytes >= FLUSH_AT_BYTES) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.flusher.schedule(this);
    }
  }

  #writeToAll(shared: readonly Frame[], hasVolatile: boolean): Connection[] {
    const slow: Connection[] = [];
    const bytes = arena.encode(shared);
    const end = shared.length;
    for (const connection of this.#members) {
      let parts = connection.outboxParts;
      const start = connection.outboxStart;
      connection.outboxStart = 0;
      const skipsVolatile = hasVolatile && connection.skipsVolatile;
      if (parts !== null || skipsVolatile) {
        connection.outboxParts = null;
        parts ??= [];
        if (start < end) parts.push(start, end);
        if (skipsVolatile) parts = withoutVolatile(parts, shared);
        if (parts.length > 0 && !connection.write(arena.gather(parts, shared, bytes))) slow.push(connection);
      } else if (start < end) {
        const own = start === 0 ? bytes : bytes.subarray(shared[start].offset - shared[0].offset);
        if (!connection.write(own)) slow.push(connection);
      }
      arena.written(connection);
    }
    arena.release();
    return slow;
  }

  #writeApart(apart: readonly Connection[], hasVolatile: boolean): readonly Connection[] {
    let slow: Connection[] | undefined;
    for (const connection of apart) {
      let parts = connection.outboxParts;
      if (parts === null) continue;
      connection.outboxParts = null;
      connection.outboxStart = 0;
      if (hasVolatile && connection.skipsVolatile) {
        parts = withoutVolatile(parts, NO_FRAMES);
        if (parts.length === 0) continue;
      }
      if (parts.length === 1 && connection.writeText(parts[0] as Frame)) continue;
      if (!connection.write(arena.gather(parts, NO_FRAMES, null))) (slow ??= []).push(connection);
      arena.written(connection);
    }
    arena.release();
    return slow ?? NOBODY;
  }
}

/** What is left of a member's sequence for one that is behind. */
function withoutVolatile(parts: readonly (number | Frame)[], shared: readonly Frame[]): (number | Frame)[] {
  const left: (number | Frame)[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (typeof part === 'number') {
      const to = parts[++at] as number;
      for (let index = part; index < to; index++) if (!shared[index].isVolatile) left.push(index, index + 1);
    } else if (!part.isVolatile) {
      left.push(part);
    }
  }
  return left;
}
