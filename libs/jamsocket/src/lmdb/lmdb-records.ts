import type { Database } from 'lmdb';
import { firstFence } from '../store/first-fence.js';
import type {
  Claim,
  ClaimRequest,
  RoomKey,
  RoomWrite,
  StoredRecord,
  StoredSegment,
  WriteOutcome,
} from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';
import { dueKey, headKey, idOf, listKey, partKey, segmentKey, segmentNumber, type RoomId } from './lmdb-keys.js';
import { newHead, readHead, unreadable, writeHead, type RecordHead } from './record-head.js';

export type Bytes = Database<Uint8Array, Uint8Array>;

const EMPTY = Buffer.of(0);
const NO_SEGMENTS: readonly StoredSegment[] = [];

/** Reads and writes records. `claim` and `apply` change the database and must run in a transaction. */
export class LmdbRecords {
  constructor(private readonly db: Bytes) {}

  /** Nothing has been written yet if reading the record throws. */
  claim({ room, owner, minFence = 1 }: ClaimRequest): Claim | StoreError {
    const id = idOf(room);
    try {
      const found = this.#head(id, room);
      const record = found && this.#read(id, found);
      const fence = found === undefined ? firstFence(minFence) : Math.max(found.fence + 1, minFence);
      const head = { ...(found ?? newHead(room, fence, owner)), fence, owner, isReleased: false };
      this.#moveDue(id, found, head);
      this.db.putSync(headKey(id), writeHead(head));
      return { fence, record };
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  has(room: RoomKey): boolean {
    try {
      const head = this.#head(idOf(room), room);
      return head !== undefined && head.parts.length > 0;
    } catch (error) {
      if (error instanceof StoreError) return true;
      throw error;
    }
  }

  apply(write: RoomWrite): WriteOutcome {
    const id = idOf(write.room);
    const head = this.#readableHead(id, write.room);
    if (head === undefined || head.fence !== write.fence || head.owner !== write.owner) return 'fenced';
    if (write.sequence <= head.sequence) return 'done';
    if (head.isReleased || write.sequence > head.sequence + 1) return 'fenced';
    if (write.isDelete) this.#delete(id, head);
    else this.#change(id, head, write);
    return 'done';
  }

  #change(id: RoomId, head: RecordHead, write: RoomWrite): void {
    const { parts = {}, segments = [], keepFrom = 0, dueAt = head.dueAt } = write;
    for (const [name, bytes] of Object.entries(parts)) this.db.putSync(partKey(id, name), bytes);
    const names = new Set([...head.parts, ...Object.keys(parts)]);
    const dropped = head.segments > 0 && head.first < keepFrom ? this.#dropSegments(id, keepFrom) : 0;
    const appended = segments.filter(({ number }) => number >= keepFrom);
    for (const { number, bytes } of appended) this.db.putSync(segmentKey(id, number), bytes);
    const kept = head.segments - dropped;
    // After a cut the first segment has the number keepFrom or a larger one.
    const firstKept = dropped > 0 ? keepFrom : head.first;
    const next: RecordHead = {
      ...head,
      sequence: write.sequence,
      isReleased: write.isRelease === true,
      dueAt,
      parts: [...names],
      segments: kept + appended.length,
      first: kept > 0 ? firstKept : (appended[0]?.number ?? 0),
    };
    if (head.parts.length === 0 && names.size > 0) this.db.putSync(listKey(id), EMPTY);
    this.#moveDue(id, head, next);
    this.db.putSync(headKey(id), writeHead(next));
  }

  #delete(id: RoomId, head: RecordHead): void {
    for (const name of head.parts) this.db.removeSync(partKey(id, name));
    this.#dropSegments(id, Number.MAX_SAFE_INTEGER);
    this.#moveDue(id, head, { ...head, dueAt: null });
    this.db.removeSync(listKey(id));
    this.db.removeSync(headKey(id));
  }

  #dropSegments(id: RoomId, keepFrom: number): number {
    const keys = [...this.db.getKeys({ start: segmentKey(id, 0), end: segmentKey(id, keepFrom) })];
    for (const key of keys) this.db.removeSync(key);
    return keys.length;
  }

  #moveDue(id: RoomId, from: RecordHead | undefined, to: RecordHead): void {
    if (from?.dueAt === to.dueAt && from.owner === to.owner && from.isReleased === to.isReleased) return;
    const old = from && dueKeyOf(id, from);
    const next = dueKeyOf(id, to);
    if (old !== undefined) this.db.removeSync(old);
    if (next !== undefined) this.db.putSync(next, EMPTY);
  }

  #read(id: RoomId, head: RecordHead): StoredRecord | undefined {
    if (head.parts.length === 0) return undefined;
    const parts: Record<string, Uint8Array> = {};
    for (const name of head.parts) {
      const bytes = this.db.get(partKey(id, name));
      if (bytes === undefined) throw unreadable(head, `its part ${name} is missing`);
      parts[name] = bytes;
    }
    const { sequence, isReleased } = head;
    if (head.segments === 0) return { parts, segments: NO_SEGMENTS, sequence, isReleased };
    const segments: StoredSegment[] = [];
    const range = { start: segmentKey(id, 0), end: segmentKey(id, Number.MAX_SAFE_INTEGER) };
    for (const { key, value } of this.db.getRange(range))
      segments.push({ number: segmentNumber(Buffer.from(key)), bytes: new Uint8Array(value) });
    if (segments.length !== head.segments)
      throw unreadable(head, `it has ${segments.length} of ${head.segments} segments of its log`);
    return { parts, segments, sequence, isReleased };
  }

  #head(id: RoomId, room: RoomKey): RecordHead | undefined {
    const bytes = this.db.get(headKey(id));
    return bytes === undefined ? undefined : readHead(bytes, room);
  }

  /** `undefined` for a record that cannot be read: every write to it is refused. */
  #readableHead(id: RoomId, room: RoomKey): RecordHead | undefined {
    try {
      return this.#head(id, room);
    } catch (error) {
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }
}

function dueKeyOf(id: RoomId, { service, isReleased, owner, dueAt }: RecordHead): Buffer | undefined {
  return dueAt === null ? undefined : dueKey(service, isReleased ? '' : owner, dueAt, id);
}
