import { ApartList } from './apart-list.js';
import { CoalescingOutlet, HAS_LEFT } from './coalescing-outlet.js';
import type { Link } from './link.js';
import { Frame } from '../wire/frame.js';
import type { DropMember, Outbox } from './outbox.js';
import { bytesOf, partsOf, shiftIndices, type OwnSequence, type Parts } from './own-sequence.js';
import type { TickFlusher } from './tick-flusher.js';
import { firstNeeded, writeApart, writeBroadcasts } from './tick-writes.js';
import { LARGE_ROOM, WriteSlices } from './write-slices.js';

/** A room that has collected this much within a tick writes at once, so that a tick's memory stays bounded. */
const FLUSH_AT_BYTES = 64 * 1024;
/**
 * Flush replies in batches of this many clients. One by one costs more (measured: each wakes an idle receiver); once a
 * tick delays the first reply until the last one is ready.
 */
const ANSWERS_AT_ONCE = 8;

/**
 * Gathers everything that a room sends in one tick of the event loop, and does one write per client.
 *
 * Broadcasts go into one list that all members share: M broadcasts to N clients are encoded once and cost N writes
 * of the same bytes. A member that gets something else in between (a direct message, or a broadcast that excludes it) has
 * `parts`, its own sequence. After its parts it gets the shared list from `start` to the end.
 *
 * A large room is written to in slices, one per tick. Broadcasts sent meanwhile are appended to the shared list. The list
 * is cleared when every member has got all of it.
 */
export class CoalescingOutbox implements Outbox {
  readonly #members = new Set<CoalescingOutlet>();
  /**
   * The same array for good. V8 learns where long-lived arrays are made: once a few had survived a collection, it put the
   * new array of every tick among the old objects, where the dead ones keep all messages of their ticks in memory.
   */
  readonly #shared: Frame[] = [];
  /** The members that have `parts`. Only kept while there are no broadcasts. */
  readonly #apart = new ApartList();
  #bytes = 0;
  #isScheduled = false;
  /** A queued frame is volatile. */
  #hasVolatile = false;
  /** `null` until the room becomes large for the first time. */
  #slices: WriteSlices | null = null;

  constructor(
    private readonly flusher: TickFlusher,
    private readonly dropMember: DropMember,
  ) {}

  join(link: Link): CoalescingOutlet {
    const outlet = new CoalescingOutlet(link, this.#shared.length);
    this.#members.add(outlet);
    if (this.#members.size > LARGE_ROOM) this.#slices ??= new WriteSlices();
    return outlet;
  }

  leave(outlet: CoalescingOutlet): void {
    this.#members.delete(outlet);
    this.#slices?.forget(outlet);
    outlet.start = HAS_LEFT;
    outlet.parts = null;
  }

  broadcast(frame: Frame): void {
    if (this.#members.size === 0) return;
    this.#shared.push(frame);
    this.#queued(frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly CoalescingOutlet[]): void {
    const index = this.#shared.length;
    for (const outlet of excluded) {
      if (outlet.start === HAS_LEFT) continue;
      // A caught-up member just skips this frame.
      if (outlet.start < index || outlet.parts !== null) this.#ownParts(outlet, index);
      outlet.start = index + 1;
    }
    this.broadcast(frame);
  }

  sendTo(frame: Frame, outlet: CoalescingOutlet): void {
    if (outlet.start === HAS_LEFT) return;
    this.#addPart(outlet, frame);
    this.#queued(frame);
  }

  sendText(text: string, outlet: CoalescingOutlet): void {
    const start = outlet.start;
    if (start !== this.#shared.length || outlet.parts !== null) return this.sendTo(Frame.text(text), outlet);
    this.#setApart(outlet, text);
    // A lower bound. The exact size is known when the text is encoded.
    this.#bytes += 2 + text.length;
    this.#flushSoon();
  }

  send(frame: Frame, outlets: readonly CoalescingOutlet[]): void {
    let isQueued = false;
    for (const outlet of outlets) {
      if (outlet.start === HAS_LEFT) continue;
      this.#addPart(outlet, frame);
      isQueued = true;
    }
    if (isQueued) this.#queued(frame);
  }

  sendAll(frames: readonly Frame[], outlet: CoalescingOutlet): void {
    if (outlet.start === HAS_LEFT) return;
    for (const frame of frames) {
      this.#addPart(outlet, frame);
      this.#count(frame);
    }
    this.#flushSoon();
  }

  after(action: () => void): void {
    action();
  }

  get hasWaiting(): boolean {
    return false;
  }

  get isGated(): boolean {
    return false;
  }

  sendPast(frames: readonly Frame[], outlet: CoalescingOutlet): boolean {
    this.sendAll(frames, outlet);
    return true;
  }

  queuedBytes(outlet: CoalescingOutlet): number {
    if (outlet.start === HAS_LEFT) return 0;
    const sizeOf = (from: number, to: number) =>
      this.#shared.slice(from, to).reduce((sum, frame) => sum + frame.bytes, 0);
    return bytesOf(outlet.parts, sizeOf) + sizeOf(outlet.start, this.#shared.length);
  }

  flushTo(outlet: CoalescingOutlet): void {
    if (this.#slices === null || this.#shared.length === 0) return this.flush();
    if (outlet.start !== HAS_LEFT && !this.flusher.isHeld) this.#drop(this.#writeSlice([outlet]));
  }

  /** Writes everything that is queued to every member. */
  flush(): void {
    if (this.#bytes === 0 || this.flusher.isHeld) return;
    if (this.#shared.length === 0) return this.#flushApart();
    const frames = this.#shared.slice();
    const hasVolatile = this.#hasVolatile;
    this.#beginAnew();
    this.#drop(writeBroadcasts(frames, 0, this.#members, 0, hasVolatile));
  }

  /** Called at the end of a tick: writes what is queued to every member; in a large room only to the next slice. */
  flushTick(): void {
    const slices = this.#slices;
    this.#isScheduled = false;
    if (slices === null || this.#shared.length === 0 || this.flusher.gathersLonger) return this.flush();
    const behind = this.#writeSlice(slices.next(this.#members, this.#shared.length));
    if (slices.isDone) {
      this.#beginAnew();
      for (const outlet of this.#members) outlet.start = 0;
    } else {
      if (slices.isAround) this.#letGo(slices.began);
      this.#schedule();
    }
    this.#drop(behind);
  }

  /** Does not cancel the flush at the end of the tick. */
  chunkRead(outlet: CoalescingOutlet): void {
    if (this.#slices !== null && outlet.start !== HAS_LEFT) this.#slices.putFirst(outlet);
    const { count } = this.#apart;
    if (count === 0 || count < Math.min(ANSWERS_AT_ONCE, this.#members.size)) return;
    if (this.#shared.length === 0 && !this.flusher.gathersLonger && !this.flusher.isHeld) this.#flushApart();
  }

  #flushApart(): void {
    const first = this.#apart.take();
    const hasVolatile = this.#hasVolatile;
    this.#beginAnew();
    this.#drop(writeApart(first, hasVolatile));
  }

  #writeSlice(members: readonly CoalescingOutlet[]): CoalescingOutlet[] {
    const frames = this.#shared.slice();
    return writeBroadcasts(frames, firstNeeded(members), members, frames.length, this.#hasVolatile);
  }

  /** All of them leave first: dropping runs the room's code, which may send again. */
  #drop(behind: readonly CoalescingOutlet[]): void {
    for (const outlet of behind) this.leave(outlet);
    for (const outlet of behind) this.dropMember(outlet.link);
  }

  /** Clears the shared list and everything that belongs to it. */
  #beginAnew(): void {
    this.#shared.length = 0;
    this.#apart.clear();
    this.#bytes = 0;
    this.#hasVolatile = false;
    this.#slices?.endWalk();
  }

  /** Drops the first `count` broadcasts, which every member has got. Keeps at least one, so that a flush stays pending. */
  #letGo(count: number): void {
    const gone = Math.min(count, this.#shared.length - 1);
    this.#shared.splice(0, gone);
    this.#bytes = this.#shared.reduce((sum, frame) => sum + frame.bytes, 0);
    for (const outlet of this.#members) {
      outlet.start -= gone;
      shiftIndices(outlet.parts, -gone);
    }
  }

  #addPart(outlet: CoalescingOutlet, frame: Frame): void {
    const end = this.#shared.length;
    if (outlet.parts === null && outlet.start === end) this.#setApart(outlet, frame);
    else this.#ownParts(outlet, end).push(frame);
  }

  /** Moves the outlet's range of the shared list, up to `end`, into its own parts. */
  #ownParts(outlet: CoalescingOutlet, end: number): Parts {
    const parts = partsOf(outlet.parts);
    if (outlet.parts === null) this.#setApart(outlet, parts);
    else outlet.parts = parts;
    if (outlet.start < end) parts.push(outlet.start, end);
    outlet.start = end;
    return parts;
  }

  #setApart(outlet: CoalescingOutlet, own: OwnSequence): void {
    outlet.parts = own;
    this.#slices?.putFirst(outlet);
    if (this.#shared.length === 0) this.#apart.add(outlet);
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
    if (this.#bytes > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.flusher.schedule(this);
  }
}
