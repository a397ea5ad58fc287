import { serialize } from 'node:v8';
import type { KnownAuth } from '../members/client-auth.js';
import { applyPatch } from '../base/state-patch.js';
import { ClientIds } from '../members/client-ids.js';
import type { Values } from '../shared-state/patch-text.js';
import type { StoredRecord } from '../store/room-store.js';
import { deserializeOwned } from '../base/deserialize-owned.js';
import { DurableError } from './durable-error.js';

/** Version of the format below. Records of a later version are refused. */
const FORMAT = 1;

/** Names of a record's parts. `at` is the time of a write that changed only state or data. */
export const PART = { state: 'state', data: 'data', shared: 'shared', base: 'base', at: 'at' } as const;

/** Why the last instance ended. `null` while it runs, so a record with `null` was left by a crash. */
export type EndReason = 'idle' | 'restart' | 'moved';

/** A client of the room. Its `data` and tags are in another part. */
export interface SavedMember {
  readonly id: number;
  readonly url: string;
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
  /** `null` if the client does not speak `jamsocket.v1`. */
  readonly session: SavedSession | null;
  /** Absent if it has none. */
  readonly auth?: KnownAuth;
}

export interface SavedSession {
  /** The present token first. */
  readonly tokens: readonly string[];
  /** Number of the client's data frames whose turns have ended. */
  readonly handled: number;
  readonly firstBroadcast: number;
  readonly ownFrames: number;
  readonly firstEntry: number;
}

/** The id of a client, its `data` and its tags. */
export type SavedData = readonly [id: number, data: unknown, tags: readonly string[]];

export interface SavedTimer {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  /** Number of the next try. */
  readonly attempt: number;
}

/** A frame of the replay log. */
export interface SavedEntry {
  readonly payload: string | Uint8Array;
  readonly isVolatile: boolean;
  /** Ids of the recipients; `null` for everyone except `except`. */
  readonly to: readonly number[] | null;
  readonly except: readonly number[];
}

/** Everything of a room except its state, its clients' data and its log, at one moment. */
export interface SavedBase extends SavedCounters {
  readonly endedBy: EndReason | null;
  readonly members: readonly SavedMember[];
  /** Clients that have left and whose `@OnDisconnect` has not run. */
  readonly leaving: readonly SavedMember[];
  readonly timers: readonly SavedTimer[];
  /** Ids by `clientKey`; the most recently used key is last. */
  readonly clientKeys: readonly (readonly [key: string, id: number])[];
  /** Number of the last segment that this base includes. */
  readonly segment: number;
}

export interface SavedCounters {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly nextId: number;
  /** Number of broadcasts that the room has sent. */
  readonly broadcasts: number;
}

/** What one commit adds to the base and the log. */
export interface SavedSegment extends SavedCounters {
  /** Members that are new or whose sessions have changed. */
  readonly members: readonly SavedMember[];
  /** Ids of clients that are no longer members. */
  readonly gone: readonly number[];
  readonly leaving: readonly SavedMember[];
  /** `undefined` if unchanged. */
  readonly timers?: readonly SavedTimer[];
  /** Number of the first of `entries` in the log. */
  readonly firstEntry: number;
  readonly entries: readonly SavedEntry[];
  /** The patches of the shared state since the last write, as JSON; `undefined` if it has not changed. */
  readonly shared?: string;
}

/** The room as of the last write of its record. */
export interface ReadRecord {
  readonly state: Uint8Array;
  readonly data: readonly SavedData[];
  /** Values of the shared state by name; `undefined` if there are none. */
  readonly shared: Values | undefined;
  /** `data` as it was written. */
  readonly dataBytes: Uint8Array;
  readonly base: SavedBase;
  /** The entries of the log that were kept. */
  readonly entries: readonly SavedEntry[];
  readonly firstEntry: number;
  readonly segments: readonly WrittenSegment[];
  readonly lastSegment: number;
  /** How many segments were written after the base. */
  readonly sinceBase: number;
  /** Bytes of the base as it was written. */
  readonly baseBytes: number;
}

/** A segment in the store. */
export interface WrittenSegment {
  readonly number: number;
  /** Number after its last entry in the log. */
  readonly end: number;
  readonly bytes: number;
}

export function encode(value: SavedBase | SavedSegment | Values | readonly SavedData[]): Buffer {
  return serialize(recordOf(value));
}

/** What is serialized for a part or segment. */
export function recordOf(value: SavedBase | SavedSegment | Values | readonly SavedData[]): readonly [number, unknown] {
  return [FORMAT, value];
}

export function encodeTime(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(ms);
  return bytes;
}

/** @throws DurableError `unreadable` */
export function readRecord({ parts, segments, isReleased }: StoredRecord): ReadRecord {
  try {
    const [state, dataBytes] = [partOf(parts, PART.state), partOf(parts, PART.data)];
    const baseBytes = partOf(parts, PART.base);
    let base = decode<SavedBase>(baseBytes);
    // Somebody has claimed the room since then, and did not release it.
    if (!isReleased) base = { ...base, endedBy: null };
    const written = base.segment;
    const entries: SavedEntry[] = [];
    const found: WrittenSegment[] = [];
    let firstEntry = -1;
    let shared = parts[PART.shared] && decode<Values>(parts[PART.shared]);
    for (const { number, bytes } of segments) {
      const segment = decode<SavedSegment>(bytes);
      if (segment.entries.length > 0) {
        if (firstEntry < 0) firstEntry = segment.firstEntry;
        if (segment.firstEntry !== firstEntry + entries.length) throw new Error('its log has a gap');
        entries.push(...segment.entries);
      }
      found.push({ number, end: Math.max(0, firstEntry) + entries.length, bytes: bytes.byteLength });
      if (number <= base.segment) continue;
      if (number !== base.segment + 1) throw new Error(`segment ${base.segment + 1} is missing`);
      base = advanced(base, segment, number);
      if (segment.shared !== undefined) shared = patched(shared ?? {}, segment.shared);
    }
    base = { ...base, savedAt: lastSave(base, parts[PART.at]) };
    const data = decode<readonly SavedData[]>(dataBytes);
    return {
      ...{ state, data, dataBytes, shared, base, entries, firstEntry, segments: found },
      ...{ lastSegment: base.segment, sinceBase: base.segment - written, baseBytes: baseBytes.byteLength },
    };
  } catch (error) {
    throw new DurableError('unreadable', `What was saved of the room cannot be read: ${textOf(error)}.`, {
      cause: error,
    });
  }
}

/** The first write of a record has all of them: one that is missing is lost. */
function partOf(parts: StoredRecord['parts'], name: string): Uint8Array {
  const part = parts[name] as Uint8Array | undefined;
  if (part === undefined) throw new Error(`its part "${name}" is missing`);
  return part;
}

/** If the last instance ended in order, its base is the last write. */
function lastSave({ savedAt, endedBy }: SavedBase, at: Uint8Array | undefined): number {
  if (at === undefined || endedBy !== null) return savedAt;
  const time = Buffer.from(at).readDoubleBE();
  if (!Number.isFinite(time)) throw new Error('the time of its last save is invalid');
  return Math.max(savedAt, time);
}

/** The base with the changes of one more segment. */
function advanced(base: SavedBase, segment: SavedSegment, number: number): SavedBase {
  const members = new Map(base.members.map((member) => [member.id, member]));
  for (const id of segment.gone) members.delete(id);
  for (const member of segment.members) members.set(member.id, member);
  const { savedAt, nextId, broadcasts, leaving, timers = base.timers } = segment;
  const clientKeys = new ClientIds(nextId, base.clientKeys);
  for (const { id, url } of segment.members) clientKeys.note(id, url);
  return {
    endedBy: null,
    members: [...members.values()],
    leaving,
    timers,
    clientKeys: [...clientKeys.byKey],
    segment: number,
    savedAt,
    nextId,
    broadcasts,
  };
}

function patched(values: Values, patches: string): Values {
  return applyPatch(values, JSON.parse(patches)) as Values;
}

function decode<T>(bytes: Uint8Array): T {
  const [format, value] = deserializeOwned(bytes) as [number, T];
  if (format !== FORMAT)
    throw new Error(`it has format ${String(format)}, and this version of the library knows ${FORMAT}`);
  if (typeof value !== 'object' || value === null) throw new Error('a part of it is empty');
  return value;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
