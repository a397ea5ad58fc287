import type { ReplayLog } from '../sessions/replay-log.js';
import type { SavedSizes } from '../members/room-lifecycle.js';
import type { RoomWrite } from '../store/room-store.js';
import { clientData, NO_DATA } from './client-data.js';
import type { ReadRecord } from './read-record.js';
import {
  encode,
  encodeTime,
  PART,
  type EndReason,
  type SavedBase,
  type SavedCounters,
  type SavedMember,
  type SavedTimer,
  type WrittenSegment,
} from './record.js';
import type { RecordedRoom } from './recorded-room.js';
import { isKept, keptBytes, type KeptBytes } from './kept-bytes.js';
import { isAsSaved, savedEntry, savedMember } from './room-image.js';
import type { RoomStateFields } from './room-state.js';
import { SharedRecorder } from './shared-recorder.js';

/** The content of a write, without its room and owner. */
export type RecordDelta = Pick<RoomWrite, 'parts' | 'segments' | 'keepFrom' | 'dueAt'>;

/** A new base is written after this many segments, so that a restore has little to read. */
const MAX_SEGMENTS = 64;
/** The same string for all rooms. */
const KEPT_NO_DATA = keptBytes(NO_DATA);

/**
 * Finds what has changed in a room since the last write. The state and the clients' data are written whole if their bytes
 * differ. Of everything else only the changes are written, as segments after a base.
 */
export class RoomRecorder {
  #state: KeptBytes | null = null;
  #data: KeptBytes | null = null;
  /** `null` while nobody is in the room, as in many. */
  #members: Map<number, SavedMember> | null = null;
  #leaving = '';
  #timers = '';
  #nextId = -1;
  #log: ReplayLog | null = null;
  /** Entries of the log with smaller numbers have been written. */
  #written = 0;
  #segment = 0;
  /** The segments that have been written and are kept. */
  #segments: WrittenSegment[] | null = null;
  #baseBytes = 0;
  #sinceBase = 0;
  #needsBase = true;
  /** `null` if the room has no shared state. */
  #shared: SharedRecorder | null = null;
  /** Nothing has been written yet: the first change is a base, which makes the segments before it superfluous. */
  #isFresh = true;

  constructor(
    private readonly fields: RoomStateFields,
    /** Whether each write includes the log entries since the last one. */
    private readonly writesLog: boolean,
  ) {}

  /**
   * The room was restored from this record: what is still the same is not written again.
   * @param log of the room, filled with the record's entries
   */
  restored(record: ReadRecord, log: ReplayLog | null): void {
    const { base, segments } = record;
    this.#state = keptBytes(bufferOf(record.state));
    this.#data = NO_DATA.equals(record.dataBytes) ? KEPT_NO_DATA : keptBytes(bufferOf(record.dataBytes));
    if (base.members.length > 0) this.#members = new Map(base.members.map((member) => [member.id, member]));
    this.#leaving = base.leaving.map(({ id }) => id).join();
    this.#timers = timersText(base.timers);
    this.#nextId = base.nextId;
    this.#log = log;
    this.#written = log?.next ?? 0;
    if (log !== null && segments.length > 0) this.#segments = [...segments];
    this.#segment = record.lastSegment;
    this.#sinceBase = record.sinceBase;
    this.#baseBytes = record.baseBytes;
    this.#needsBase = false;
  }

  /** Sizes of the record when everything that was taken is written; `undefined` before the first write. */
  get sizes(): SavedSizes | undefined {
    if (this.#state === null || this.#data === null) return undefined;
    const log = this.#segments?.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
    const shared = this.#shared?.bytes ?? 0;
    return { state: this.#state.length + shared, clientData: this.#data.length, members: this.#baseBytes, log };
  }

  /**
   * The changes since the last call; `undefined` if there are none.
   * @param endedBy set at the last save of an instance: then everything is written that the next instance needs
   * @throws DurableError `bad_state`; then the next call has the same changes
   */
  take(room: RecordedRoom, endedBy: EndReason | null): RecordDelta | undefined {
    const parts: Record<string, Uint8Array> = {};
    const state = this.fields.capture();
    const data = clientData(room);
    if (!isKept(this.#state, state)) {
      parts[PART.state] = state;
      this.#state = keptBytes(state);
    }
    if (!isKept(this.#data, data)) {
      parts[PART.data] = data;
      this.#data = data === NO_DATA ? KEPT_NO_DATA : keptBytes(data);
    }
    return this.#takeRest(room, parts, endedBy);
  }

  #takeRest(room: RecordedRoom, parts: Record<string, Uint8Array>, endedBy: EndReason | null): RecordDelta | undefined {
    const isLast = endedBy !== null;
    // A new log starts with new numbers, so the written entries of the previous one are useless.
    if (room.log !== this.#log) this.#beginLog(room.log);
    const writesLog = (this.writesLog || isLast) && room.log !== null;
    const hasEntries = writesLog && room.log.next > this.#written;
    const isChanged = this.#noteChanges(room);
    const shared = room.shared === null ? null : (this.#shared ??= new SharedRecorder());
    const patches = shared?.take(room.shared!);
    const isCompacted = isChanged && (this.#isFresh || !this.writesLog);
    const wantsBase = this.#needsBase || isLast || this.#sinceBase >= MAX_SEGMENTS || isCompacted || shared?.needsWhole;
    if (!wantsBase && !isChanged && !hasEntries && patches === undefined) {
      if (Object.keys(parts).length === 0) return undefined;
      parts[PART.at] = encodeTime(room.wallNow);
      return { parts };
    }
    this.#isFresh = false;
    const segments = hasEntries || !wantsBase ? [this.#nextSegment(room, writesLog, patches)] : [];
    if (wantsBase) {
      parts[PART.base] = this.#base(room, endedBy);
      const whole = shared?.takeWhole();
      if (whole !== undefined) parts[PART.shared] = whole;
    }
    return { parts, segments, keepFrom: this.#keepFrom(room), dueAt: room.dueAt };
  }

  #beginLog(log: ReplayLog | null): void {
    this.#log = log;
    this.#written = log?.first ?? 0;
    this.#segments = null;
    this.#needsBase = true;
  }

  /** @returns whether anything besides state, data and log has changed since the last write */
  #noteChanges({ clients, leaving, timers, nextId }: RecordedRoom): boolean {
    const now = [timersText(timers), [...leaving].map(({ id }) => id).join()] as const;
    const isChanged =
      now[0] !== this.#timers ||
      now[1] !== this.#leaving ||
      nextId !== this.#nextId ||
      clients.size !== (this.#members?.size ?? 0) ||
      [...clients].some(([id, client]) => {
        const saved = this.#members?.get(id);
        return saved === undefined || !isAsSaved(saved, client);
      });
    [this.#timers, this.#leaving] = now;
    this.#nextId = nextId;
    return isChanged;
  }

  #nextSegment(
    room: RecordedRoom,
    writesLog: boolean,
    shared: string | undefined,
  ): { readonly number: number; readonly bytes: Buffer } {
    const { clients, leaving, log, timers, wallOffset } = room;
    const members: SavedMember[] = [];
    const known = (this.#members ??= new Map<number, SavedMember>());
    for (const [id, client] of clients) {
      const saved = known.get(id);
      if (saved === undefined || !isAsSaved(saved, client)) members.push(savedMember(client, wallOffset));
    }
    const gone = [...known.keys()].filter((id) => !clients.has(id));
    for (const id of gone) known.delete(id);
    for (const member of members) known.set(member.id, member);
    const entries = writesLog ? log!.from(this.#written).map(savedEntry) : [];
    const firstEntry = log === null ? 0 : log.next - entries.length;
    if (writesLog) this.#written = log!.next;
    const number = ++this.#segment;
    this.#sinceBase++;
    const leavers = [...leaving].map((client) => savedMember(client, wallOffset));
    const counters = countersOf(room);
    const bytes = encode({ ...counters, members, gone, leaving: leavers, timers, firstEntry, entries, shared });
    (this.#segments ??= []).push({ number, end: this.#written, bytes: bytes.byteLength });
    return { number, bytes };
  }

  #base(room: RecordedRoom, endedBy: EndReason | null): Buffer {
    const { clients, leaving, timers, clientKeys, wallOffset } = room;
    const members = [...clients.values()].map((client) => savedMember(client, wallOffset));
    this.#members = members.length === 0 ? null : new Map(members.map((member) => [member.id, member]));
    this.#sinceBase = 0;
    this.#needsBase = false;
    const base: SavedBase = {
      ...countersOf(room),
      endedBy,
      members,
      leaving: [...leaving].map((client) => savedMember(client, wallOffset)),
      timers,
      clientKeys: [...clientKeys],
      segment: this.#segment,
    };
    const bytes = encode(base);
    this.#baseBytes = bytes.byteLength;
    return bytes;
  }

  /** A segment is kept while the log has one of its entries, or while the base does not include its changes. */
  #keepFrom({ log }: RecordedRoom): number {
    const needed = this.#segment - this.#sinceBase + 1;
    const first = log?.first ?? Infinity;
    const segments = this.#segments;
    if (segments === null) return needed;
    while (segments.length > 0 && segments[0].number < needed && segments[0].end <= first) segments.shift();
    return Math.min(needed, segments[0]?.number ?? needed);
  }
}

function timersText(timers: readonly SavedTimer[]): string {
  return timers.length === 0 ? '' : JSON.stringify(timers);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function countersOf({ wallNow, nextId, log }: RecordedRoom): SavedCounters {
  return { savedAt: wallNow, nextId, broadcasts: log?.broadcasts ?? 0 };
}
