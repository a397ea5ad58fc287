import type { Frame } from '../wire/frame.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Session } from './session.js';

/** Memory of an entry in V8 (measured: see the spec): the entry, its frame, its array element, the header of a string. */
const ENTRY_BYTES = 208;
/** Extra memory of a Buffer compared to a string. */
const BUFFER_BYTES = 144;
const ARRAY_BYTES = 48;
const POINTER_BYTES = 8;
const NOBODY: readonly Session[] = [];
/** Cut this many dropped entries off the front at once. */
const COMPACT_AT = 256;

export interface LogEntry {
  readonly frame: Frame;
  /** The recipients; `null` for everyone except `except`. */
  readonly to: readonly Session[] | null;
  readonly except: readonly Session[];
}

interface Entry extends LogEntry {
  /** Milliseconds on the clock. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * The messages that a room has sent recently, so that a client that was away gets what it missed. It has one entry per
 * message, however many recipients there are, and is bounded in bytes and in age. There is no counter per client either:
 * the number of frames sent to a client is that of the broadcasts since it joined, corrected by `ownFrames`.
 */
export class ReplayLog {
  #entries: Entry[] = [];
  #head = 0;
  /** Number of the first entry that is still in `#entries`, dropped ones included. */
  #base = 0;
  #bytes = 0;
  #broadcasts = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly maxBytes: number,
    private readonly maxAgeMs: number,
    private readonly clock: JamsocketClock,
    /** Bytes that one client gets at once at most. */
    private readonly maxMissedBytes: number,
  ) {}

  /** `session` gets broadcasts from now on. */
  join(session: Session): void {
    session.firstBroadcast = this.#broadcasts;
    session.ownFrames = 0;
    session.firstEntry = this.#base + this.#entries.length;
  }

  broadcast(frame: Frame, except: readonly Session[]): void {
    const left = membersAmong(except);
    for (const session of left) session.ownFrames--;
    this.#broadcasts++;
    this.#add(frame, null, left);
  }

  send(frame: Frame, to: readonly Session[]): void {
    const members = membersAmong(to);
    if (members.length === 0) return;
    for (const session of members) session.ownFrames++;
    this.#add(frame, members, NOBODY);
  }

  /** How many frames were sent to the client, including frames that may not have arrived. */
  sentTo(session: Session): number {
    return this.#broadcasts - session.firstBroadcast + session.ownFrames;
  }

  /**
   * The frames that were sent to the client after the first `received`. `undefined` if some of them are no longer in the
   * log, or if they are more than a client may get at once.
   */
  missedBy(session: Session, received: number): Frame[] | undefined {
    let missing = this.sentTo(session) - received;
    if (missing < 0) return undefined;
    const frames: Frame[] = [];
    let bytes = 0;
    for (let at = this.#entries.length - 1; missing > 0; at--) {
      if (at < this.#head || this.#base + at < session.firstEntry) return undefined;
      const { frame, to, except } = this.#entries[at];
      if (to === null ? except.includes(session) : !to.includes(session)) continue;
      bytes += frame.bytes;
      if (bytes > this.maxMissedBytes) return undefined;
      frames.push(frame);
      missing--;
    }
    return frames.reverse();
  }

  /** Number of the oldest entry in the log. */
  get first(): number {
    return this.#base + this.#head;
  }

  /** Number of the next entry. */
  get next(): number {
    return this.#base + this.#entries.length;
  }

  get broadcasts(): number {
    return this.#broadcasts;
  }

  /** The entries with this number or a larger one that are still in the log. */
  from(number: number): readonly LogEntry[] {
    return this.#entries.slice(Math.max(this.#head, number - this.#base));
  }

  /** Fills a new log with saved entries. */
  restore(entries: readonly LogEntry[], first: number, broadcasts: number): void {
    this.#base = first;
    for (const { frame, to, except } of entries) this.#add(frame, to, except);
    this.#broadcasts = broadcasts;
  }

  /** Drops all entries. */
  clear(): void {
    this.#base += this.#entries.length;
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#stopTimer();
  }

  #add(frame: Frame, to: readonly Session[] | null, except: readonly Session[]): void {
    const bytes = ENTRY_BYTES + payloadBytesOf(frame) + arrayBytesOf(to ?? except);
    this.#entries.push({ frame, at: this.clock.now(), bytes, to, except });
    this.#bytes += bytes;
    while (this.#bytes > this.maxBytes) this.#drop();
    if (this.#timer === null && this.#bytes > 0) this.#watchAge(this.maxAgeMs);
  }

  #drop(): void {
    this.#bytes -= this.#entries[this.#head].bytes;
    this.#entries[this.#head++] = undefined as never;
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#entries.length) return;
    this.#base += this.#head;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  /** One timer, for the oldest entry: a room that sends nothing more still drops entries that are too old. */
  #watchAge(ms: number): void {
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = null;
      const now = this.clock.now();
      while (this.#bytes > 0 && now - this.#entries[this.#head].at >= this.maxAgeMs) this.#drop();
      if (this.#bytes > 0) this.#watchAge(Math.max(1, this.maxAgeMs - (now - this.#entries[this.#head].at)));
    }, ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Not `filter`: its result array has spare capacity, which costs memory. */
function membersAmong(sessions: readonly Session[]): readonly Session[] {
  if (sessions.length === 0) return NOBODY;
  if (sessions.length === 1) return sessions[0].firstEntry >= 0 ? [sessions[0]] : NOBODY;
  return sessions.filter((session) => session.firstEntry >= 0).slice();
}

/** Bytes in the heap. Strings that are not ASCII count two bytes a character: V8 needs that if one is beyond Latin-1. */
function payloadBytesOf({ payload, payloadBytes }: Frame): number {
  if (typeof payload !== 'string') return payloadBytes + BUFFER_BYTES;
  return payload.length === payloadBytes ? payloadBytes : 2 * payload.length;
}

function arrayBytesOf({ length }: readonly Session[]): number {
  return length === 0 ? 0 : ARRAY_BYTES + POINTER_BYTES * length;
}
