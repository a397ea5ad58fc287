import { Broadcasts } from './broadcasts.js';
import type { Connection } from './connection.js';
import { Frame } from './frame.js';
import type { DropSlow, Outbox } from './outbox.js';
import { partsOf, type OwnSequence, type Parts } from './own-sequence.js';
import { IN_NO_OUTBOX } from './socket-writer.js';
import type { TurnFlusher } from './turn-flusher.js';
import { writeApart, writeBroadcasts } from './turn-writes.js';
import { LARGE_ROOM, WriteSlices } from './write-slices.js';

/** A room that has collected this much in a turn writes at once, so that a turn's memory stays bounded. */
const FLUSH_AT_BYTES = 64 * 1024;
/**
 * Answers to so many clients leave together. One at a time costs more (measured; each wakes a receiver that has nothing
 * else to do), and all of a turn would have the first wait for the last.
 */
const ANSWERS_AT_ONCE = 8;

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
  /** Once the room has been large. */
  #slices: WriteSlices | null = null;

  constructor(
    private readonly flusher: TurnFlusher,
    private readonly dropSlow: DropSlow,
  ) {}

  join(connection: Connection): void {
    connection.outboxStart = this.#shared.length;
    this.#members.add(connection);
    if (this.#members.size > LARGE_ROOM) this.#slices ??= new WriteSlices();
  }

  leave(connection: Connection): void {
    this.#members.delete(connection);
    this.#slices?.forget(connection);
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
    if (this.#bytes === 0) return;
    const shared = this.#shared;
    const hasVolatile = this.#hasVolatile;
    this.#shared = [];
    this.#slices?.endWalk();
    const apart = this.#takeApart();
    const slow =
      shared.length > 0
        ? writeBroadcasts(new Broadcasts(shared, 0), this.#members, 0, hasVolatile)
        : writeApart(apart, hasVolatile);
    // Dropping runs the room's code, which may send again: only now is everything in order for it.
    for (const connection of slow) this.dropSlow(connection);
  }

  /** The end of a turn: everyone gets what is queued, or in a large room whose turn it is. */
  flushTurn(): void {
    const shared = this.#shared;
    const slices = this.#slices;
    this.#isScheduled = false;
    if (slices === null || shared.length === 0 || this.flusher.gathersLonger) return this.flush();
    const slice = slices.next(this.#members, shared.length);
    const broadcasts = new Broadcasts(shared, firstNeeded(slice));
    const slow = writeBroadcasts(broadcasts, slice, shared.length, this.#hasVolatile);
    if (slices.isDone) this.#allWritten();
    else this.#schedule();
    for (const connection of slow) this.dropSlow(connection);
  }

  /** The flush at the end of the turn stays scheduled: one for all answers of a turn. */
  chunkRead(connection: Connection): void {
    if (this.#slices !== null && connection.outboxStart !== IN_NO_OUTBOX) this.#slices.putFirst(connection);
    if (this.#apartCount === 0 || this.#apartCount < Math.min(ANSWERS_AT_ONCE, this.#members.size)) return;
    if (this.#shared.length > 0 || this.flusher.gathersLonger) return;
    const hasVolatile = this.#hasVolatile;
    for (const connection of writeApart(this.#takeApart(), hasVolatile)) this.dropSlow(connection);
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

  #allWritten(): void {
    this.#slices?.endWalk();
    this.#shared = [];
    this.#takeApart();
    for (const connection of this.#members) connection.outboxStart = 0;
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
    this.#slices?.putFirst(connection);
    // The list is for turns without broadcasts.
    if (this.#shared.length > 0) return;
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
    this.#slices?.queued();
    if (this.#bytes >= FLUSH_AT_BYTES) this.flush();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.flusher.schedule(this);
  }
}

/** The first broadcast that one of them still has to get. */
function firstNeeded(members: readonly Connection[]): number {
  let first = Infinity;
  for (const { outboxStart, outboxParts } of members) {
    // In a sequence of its own there may be any.
    if (outboxParts !== null) return 0;
    first = Math.min(first, outboxStart);
  }
  return first;
}
