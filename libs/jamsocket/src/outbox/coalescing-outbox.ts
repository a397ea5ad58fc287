import { ApartList } from './apart-list.js';
import type { Connection } from '../wire/connection.js';
import { Frame } from '../wire/frame.js';
import type { DropSlow, Outbox } from './outbox.js';
import { bytesOf, partsOf, shiftIndices, type OwnSequence, type Parts } from '../wire/own-sequence.js';
import { IN_NO_OUTBOX } from '../wire/socket-writer.js';
import type { TickFlusher } from './tick-flusher.js';
import { firstNeeded, writeApart, writeBroadcasts } from './tick-writes.js';
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
 *
 * A large room is written to in slices, a turn each; what is broadcast meanwhile is added to the shared list, which
 * begins anew when everyone has got all of it.
 */
export class CoalescingOutbox implements Outbox {
  readonly #members = new Set<Connection>();
  #shared: Frame[] = [];
  /** Those who have `outboxParts`, as long as there are no broadcasts. */
  readonly #apart = new ApartList();
  #bytes = 0;
  #isScheduled = false;
  /** Some of what is queued is volatile. */
  #hasVolatile = false;
  /** Once the room has been large. */
  #slices: WriteSlices | null = null;

  constructor(
    private readonly flusher: TickFlusher,
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
      // Who has got everything so far only skips this one.
      if (connection.outboxStart < index || connection.outboxParts !== null) this.#ownParts(connection, index);
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

  after(action: () => void): void {
    action();
  }

  queuedBytes(connection: Connection): number {
    if (connection.outboxStart === IN_NO_OUTBOX) return 0;
    const sizeOf = (from: number, to: number) =>
      this.#shared.slice(from, to).reduce((sum, frame) => sum + frame.bytes, 0);
    return bytesOf(connection.outboxParts, sizeOf) + sizeOf(connection.outboxStart, this.#shared.length);
  }

  flushTo(connection: Connection): void {
    if (this.#slices === null || this.#shared.length === 0) return this.flush();
    if (connection.outboxStart !== IN_NO_OUTBOX) this.#drop(this.#writeSlice([connection]));
  }

  /** Everyone gets everything that is queued. */
  flush(): void {
    if (this.#bytes === 0) return;
    const shared = this.#shared;
    const hasVolatile = this.#hasVolatile;
    if (shared.length === 0) return this.#flushApart();
    this.#beginAnew();
    this.#drop(writeBroadcasts(shared, 0, this.#members, 0, hasVolatile));
  }

  /** The end of a turn: everyone gets what is queued, or in a large room whose turn it is. */
  flushTurn(): void {
    const slices = this.#slices;
    this.#isScheduled = false;
    if (slices === null || this.#shared.length === 0 || this.flusher.gathersLonger) return this.flush();
    const slow = this.#writeSlice(slices.next(this.#members, this.#shared.length));
    if (slices.isDone) {
      this.#beginAnew();
      for (const connection of this.#members) connection.outboxStart = 0;
    } else {
      if (slices.isAround) this.#letGo(slices.began);
      this.#schedule();
    }
    this.#drop(slow);
  }

  /** The flush at the end of the turn stays scheduled: one for all answers of a turn. */
  chunkRead(connection: Connection): void {
    if (this.#slices !== null && connection.outboxStart !== IN_NO_OUTBOX) this.#slices.putFirst(connection);
    const { count } = this.#apart;
    if (count === 0 || count < Math.min(ANSWERS_AT_ONCE, this.#members.size)) return;
    if (this.#shared.length === 0 && !this.flusher.gathersLonger) this.#flushApart();
  }

  #flushApart(): void {
    const first = this.#apart.take();
    const hasVolatile = this.#hasVolatile;
    this.#beginAnew();
    this.#drop(writeApart(first, hasVolatile));
  }

  #writeSlice(members: readonly Connection[]): Connection[] {
    const shared = this.#shared;
    return writeBroadcasts(shared, firstNeeded(members), members, shared.length, this.#hasVolatile);
  }

  /** Dropping runs the room's code, which may send again: by then none of them may be there to get it. */
  #drop(slow: readonly Connection[]): void {
    for (const connection of slow) this.leave(connection);
    for (const connection of slow) this.dropSlow(connection);
  }

  /** From here on nobody has anything yet. */
  #beginAnew(): void {
    if (this.#shared.length > 0) this.#shared = [];
    this.#apart.clear();
    this.#bytes = 0;
    this.#hasVolatile = false;
    this.#slices?.endWalk();
  }

  /** Lets go of the first `count` broadcasts, which everyone has got. What makes a flush necessary stays. */
  #letGo(count: number): void {
    const gone = Math.min(count, this.#shared.length - 1);
    this.#shared.splice(0, gone);
    this.#bytes = this.#shared.reduce((sum, frame) => sum + frame.bytes, 0);
    for (const connection of this.#members) {
      connection.outboxStart -= gone;
      shiftIndices(connection.outboxParts, -gone);
    }
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
    if (this.#shared.length === 0) this.#apart.add(connection);
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
