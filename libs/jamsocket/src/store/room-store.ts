import type { StoreError } from './store-error.js';

/**
 * Where durable rooms are kept: one record per room. A record is a few named parts, which a write replaces, and a log of
 * numbered segments, which a write appends to. The bytes mean nothing to the store.
 *
 * Each record has one writer at a time: the owner that claimed it last. A claim returns a fence, a number that grows with
 * each claim. Every later write of this owner carries it.
 *
 * An implementation
 * - MUST apply each write as a whole or not at all, whatever stops the process or the machine in between.
 * - MUST resolve `commit` only when every write that it reports as `done` is as durable as `describe` says.
 * - MUST refuse a write with a different fence or owner than the record's, and then change nothing.
 * - MUST refuse a write whose `sequence` is more than one above the record's: the write in between is missing and will not
 *   come again.
 * - MUST keep the order of commits: a write never undoes a write of a later commit. Several commits may be under way at once.
 * - MUST answer a repeated write with `done` and change nothing: one whose `sequence` the record has reached already (with
 *   the same fence and owner). A caller repeats a write when the reply was lost. This includes the write that releases the
 *   record. A repeated delete MAY be answered with `fenced`.
 * - MUST say with a claim whether the record was released. The claim ends that: it is how the next owner finds out that this
 *   one has crashed.
 * - MUST NOT give one owner of a room the same fence twice, even if the record was deleted in between (`firstFence`).
 * - MUST reject if it does not know the answer: a record that cannot be read is not the same as no record.
 * - MUST NOT keep a reference to the bytes after `commit` settles, and MUST NOT change them.
 * - MUST NOT let an internal failure escape as an unhandled rejection or exception.
 * - MAY take any time: callers have their own deadlines.
 *
 * `describeRoomStore` of `nestjs-jamsocket/testing` checks all of this.
 */
export interface RoomStore {
  /** How durable a commit is, for the log at boot: "LMDB at .jamsocket: flushed to disk (fdatasync)". */
  describe(): Promise<string>;

  /**
   * Makes `owner` the only writer of a room's record and reads the record. A room without a record gets a record without
   * parts. The new fence is larger than the previous one and at least `minFence`.
   * @throws StoreError `record_unreadable` if the record exists and cannot be read
   */
  claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim>;

  /**
   * Claims many rooms, each at most once, and resolves with a claim or an error for each, in the same order: an error of one
   * room does not affect the others. Rejects if all failed or nothing is known. A store MAY leave it out; then `claim` is
   * called for each. Without it, thousands of rooms that are due or reconnected to at the same time start slowly.
   */
  claimAll?(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]>;

  /** Whether the room has a record with parts, or one that cannot be read. Changes nothing, and takes part in no order. */
  has(room: RoomKey): Promise<boolean>;

  /**
   * Applies writes, at most one per room, and resolves with an outcome for each, in the same order. Rejects if the whole
   * batch failed or its outcome is unknown; the caller may repeat the same batch.
   */
  commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]>;

  /**
   * At most `limit` records of these services whose `dueAt` is not later than `before` (milliseconds since 1970), the
   * earliest first among those of one service and owner. Records of the owners in `except` are left out: these owners wake
   * their rooms themselves. Records of other services and owners SHOULD cost nothing, however many are due. A returned record
   * stays due until a write changes `dueAt`.
   */
  due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]>;

  /**
   * At most `limit` rooms that have a record with parts, in an order that does not change. `after` is the key of the last
   * room of the previous page; that room may be deleted by now.
   */
  list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]>;

  /** Waits for commits that are under way and closes what the store opened itself. No method is called after it. */
  close(): Promise<void>;
}

/** Names a record. */
export interface RoomKey {
  /** Name of the service: its path without parameters. */
  readonly service: string;
  /** The room's id; with several path parameters, all of them, encoded. Up to about 4,000 bytes of UTF-8, no NUL. */
  readonly key: string;
}

/** What `claim` takes. */
export interface ClaimRequest {
  readonly room: RoomKey;
  readonly owner: string;
  /** Default 1. */
  readonly minFence?: number;
}

/** What a claim found. */
export interface Claim {
  /** Later writes carry it, so that the store refuses them if another owner has claimed the record since. A safe integer. */
  readonly fence: number;
  /** `undefined` if the room has no record, or one without parts. */
  readonly record: StoredRecord | undefined;
}

/** What a store keeps of a room. */
export interface StoredRecord {
  readonly parts: Readonly<Record<string, Uint8Array>>;
  /** The log, in order. */
  readonly segments: readonly StoredSegment[];
  /** The `sequence` of the last write. */
  readonly sequence: number;
  /** The last write released the record, and nobody has claimed it since: its last owner did not crash. */
  readonly isReleased: boolean;
}

/** A part of a room's log. */
export interface StoredSegment {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** One write to one record. A field that is left out changes nothing. */
export interface RoomWrite {
  readonly room: RoomKey;
  readonly fence: number;
  readonly owner: string;
  /** Number of this write, one more than that of the previous write. */
  readonly sequence: number;
  /** Deletes the record. Later writes with this fence are refused. */
  readonly isDelete?: boolean;
  /** The last write of this owner: afterwards the record has no owner, and later writes with this fence are refused. */
  readonly isRelease?: boolean;
  /** Parts to replace, by name: up to 8 lower-case letters. The first write of a record has at least one. */
  readonly parts?: Readonly<Record<string, Uint8Array>>;
  /** Segments to append to the log, in order. Their numbers are larger than those of all earlier segments. */
  readonly segments?: readonly StoredSegment[];
  /** Segments with smaller numbers are deleted. */
  readonly keepFrom?: number;
  /** When the room has something to do, in whole milliseconds since 1970; `null` for never. */
  readonly dueAt?: number | null;
}

/**
 * `fenced`: another owner has claimed the record, or it was deleted, or it has become unreadable, or an earlier write is
 * missing. Nothing was changed; the writer must claim the record again.
 */
export type WriteOutcome = 'done' | 'fenced';

/** A saved room with a timer that is due. */
export interface DueRoom {
  readonly room: RoomKey;
  readonly dueAt: number;
}
