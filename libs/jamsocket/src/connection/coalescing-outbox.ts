import { arena } from './arena.js';
import type { Connection } from './connection.js';
import { Frame } from './frame.js';
import type { DropSlow, Outbox } from './outbox.js';
import { partsOf, withoutVolatile, type OwnSequence, type Parts } from './own-sequence.js';
import { IN_NO_OUTBOX } from './socket-writer.js';
import type { TurnFlusher } from './turn-flusher.js';

/** A room that has collected this much in a turn writes at once, so that a turn's memory stays bounded. */
const FLUSH_AT_BYTES = 64 * 1024;
/**
 * Answers to so many clients leave together. One at a time costs more (measured; each wakes a receiver that has nothing
 * else to do), and all of a turn would have the first wait for the last.
 */
const ANSWERS_AT_ONCE = 8;

const NO_FRAMES: readonly Frame[] = [];

/**
 * Gathers what a room sends in one event-loop turn and writes it with one write a client.
 *
 * Broadcasts go into one list that all members share: M broadcasts to N clients are encoded once and cost N writes
 * of the same bytes. A member that gets something else in between (a direct message, or a broadcast without it) keeps
 * `outboxParts`, a sequence of its own; what follows that is `outboxStart` to the end of the shared list.
 */
export class CoalescingOutbox implements Outbox {
  readonly #members = new Set<Connection>();
  #shared: Frame[] = [];
  /** Members with parts of their own, as a list linked by `nextApart`: an array would be garbage once a turn. */
  #firstApart: Connection | null = null;
  #lastApart: Connection | null = null;
  #apartCount = 0;
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
    connection.outboxStart = IN_NO_OUTBOX;
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
      if (connection.outboxStart === IN_NO_OUTBOX) continue;
      this.#ownParts(connection, index);
      connection.outboxStart = index + 1;
    }
    this.broadcast(frame);
  }

  sendTo(frame: Frame, connection: Connection): void {
    if (connection.outboxStart === IN_NO_OUTBOX) return;
    this.#addPart(connection, frame);
    this.#queued(frame);
  }

  sendText(text: string, connection: Connection): void {
    const start = connection.outboxStart;
    if (start !== this.#shared.length || connection.outboxParts !== null)
      return this.sendTo(Frame.text(text), connection);
    this.#setApart(connection, text);
    // At least: what it takes exactly is found out when it is written.
    this.#bytes += 2 + text.length;
    this.#flushSoon();
  }

  send(frame: Frame, connections: readonly Connection[]): void {
    let isQueued = false;
    for (const connection of connections) {
      if (connection.outboxStart === IN_NO_OUTBOX) continue;
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
    if (connection.outboxStart === IN_NO_OUTBOX) return 0;
    const sizeOf = (from: number, to: number) =>
      this.#shared.slice(from, to).reduce((sum, frame) => sum + frame.bytes, 0);
    let bytes = sizeOf(connection.outboxStart, this.#shared.length);
    const parts = partsOf(connection.outboxParts);
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
    const hasVolatile = this.#hasVolatile;
    this.#shared = [];
    const apart = this.#takeApart();
    const slow = shared.length > 0 ? this.#writeToAll(shared, hasVolatile) : this.#writeApart(apart, hasVolatile);
    // Dropping runs the room's code, which may send again: only now is everything in order for it.
    for (const connection of slow) this.dropSlow(connection);
  }

  /** The flush at the end of the turn stays scheduled: one for all answers of a turn. */
  flushAnswers(): void {
    if (this.#apartCount === 0 || this.#apartCount < Math.min(ANSWERS_AT_ONCE, this.#members.size)) return;
    if (this.#shared.length > 0 || this.flusher.gathersLonger) return;
    const hasVolatile = this.#hasVolatile;
    for (const connection of this.#writeApart(this.#takeApart(), hasVolatile)) this.dropSlow(connection);
  }

  /** Begins a new turn, in which nobody has anything yet. @returns the first of those that have parts of their own */
  #takeApart(): Connection | null {
    const first = this.#firstApart;
    this.#firstApart = null;
    this.#lastApart = null;
    this.#apartCount = 0;
    this.#bytes = 0;
    this.#hasVolatile = false;
    return first;
  }

  #addPart(connection: Connection, frame: Frame): void {
    const end = this.#shared.length;
    if (connection.outboxParts === null && connection.outboxStart === end) this.#setApart(connection, frame);
    else this.#ownParts(connection, end).push(frame);
  }

  /** Closes what `connection` gets of the shared list at `end`. */
  #ownParts(connection: Connection, end: number): Parts {
    const parts = partsOf(connection.outboxParts);
    if (connection.outboxParts === null) this.#setApart(connection, parts);
    else connection.outboxParts = parts;
    if (connection.outboxStart < end) parts.push(connection.outboxStart, end);
    connection.outboxStart = end;
    return parts;
  }

  #setApart(connection: Connection, own: OwnSequence): void {
    connection.outboxParts = own;
    connection.nextApart = null;
    if (this.#lastApart === null) this.#firstApart = connection;
    else this.#lastApart.nextApart = connection;
    this.#lastApart = connection;
    this.#apartCount++;
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
      const start = connection.outboxStart;
      connection.outboxStart = 0;
      const skipsVolatile = hasVolatile && connection.skipsVolatile;
      if (connection.outboxParts !== null || skipsVolatile) {
        let parts = partsOf(connection.outboxParts);
        connection.outboxParts = null;
        connection.nextApart = null;
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

  #writeApart(first: Connection | null, hasVolatile: boolean): Connection[] {
    const slow: Connection[] = [];
    for (let connection = first, next: Connection | null; connection !== null; connection = next) {
      next = connection.nextApart;
      connection.nextApart = null;
      let own = connection.outboxParts;
      // It may have left.
      if (own === null) continue;
      connection.outboxParts = null;
      connection.outboxStart = 0;
      if (hasVolatile && connection.skipsVolatile) own = withoutVolatile(own, NO_FRAMES);
      if (Array.isArray(own) && own.length === 0) continue;
      if (!connection.write(arena.gather(own, NO_FRAMES, null))) slow.push(connection);
      arena.written(connection);
    }
    arena.release();
    return slow;
  }
}
