import { applyPatch } from '../base/state-patch.js';
import { ClientIds } from '../members/client-ids.js';
import type { Values } from '../shared-state/patch-text.js';
import type { StoredRecord } from '../store/room-store.js';
import { deserializeOwned } from '../base/deserialize-owned.js';
import { DurableError } from './durable-error.js';
import {
  FORMAT,
  PART,
  type SavedBase,
  type SavedData,
  type SavedEntry,
  type SavedSegment,
  type WrittenSegment,
} from './record.js';

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
