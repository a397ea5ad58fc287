/**
 * Where durable rooms are kept: one record a room. A record is a few named parts, which a write replaces, and a log of
 * numbered segments, which a write appends to. The bytes mean nothing to the store.
 *
 * Each room has one writer at a time: whoever claimed its record last. A claim gives a fence, a number that grows with
 * each claim, and every later write of the same owner carries it.
 *
 * An implementation
 * - MUST apply each write as a whole or not at all, whatever stops the process or the machine in between.
 * - MUST resolve `commit` only when every write that it reports as `done` is as durable as `describe` says.
 * - MUST refuse a write whose fence and owner are not those of the record, and change nothing then.
 * - MUST refuse a write whose `sequence` is more than one above that of the record: a write before it is missing, and
 *   would never be made up for.
 * - MUST keep the order of commits: a write never undoes one of a later commit. Several commits may be under way at once.
 * - MUST answer a write again as `done`, and change nothing, if the record holds its `sequence` or a later one already
 *   (with the same fence and owner): a caller whose reply was lost asks again. The last write before a release counts
 *   too. A delete that is asked again MAY be answered as `fenced`.
 * - MUST NOT give a fence twice to one owner of one room, even if the record was deleted in between (`firstFence`).
 * - MUST reject with an error when it cannot tell. "Cannot be read" is never "not there".
 * - MUST NOT keep a reference to the bytes it was given after `commit` settles, and MUST NOT change them.
 * - MUST NOT let an internal failure escape as an unhandled rejection or exception.
 * - MAY take as long as it likes: callers have deadlines of their own.
 *
 * `describeRoomStore` of `nestjs-jamsocket/testing` checks all of this.
 */
export interface RoomStore {
  /** How durable a commit is, in words for the log at boot: "LMDB at .jamsocket: flushed to disk (fdatasync)". */
  describe(): Promise<string>;

  /**
   * Makes `owner` the only writer of a room's record, and reads the record. A room without a record gets one without
   * parts. The new fence is larger than the one before, and at least `minFence`.
   * @throws StoreError `record_unreadable` if the record is there and cannot be read
   */
  claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim>;

  /**
   * Applies writes, at most one a room, and resolves with an outcome for each, in the same order. Rejects if the whole
   * batch failed or if it is not known what became of it; the same batch may be tried again.
   */
  commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]>;

  /**
   * Records whose `dueAt` is `before` (milliseconds since 1970) or earlier, at most `limit` of them, and earlier ones
   * before later ones of the same owner. Those of the owners in `except` are left out: they see to their rooms
   * themselves, and there may be many. A record that is returned stays due until a write says otherwise.
   */
  due(before: number, limit: number, except: readonly string[]): Promise<readonly DueRoom[]>;

  /**
   * Rooms with a record that has parts, at most `limit` of them, in an order that stays the same. `after` is the key of
   * the last room of the page before; that room may be gone.
   */
  list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]>;

  /** Waits for commits that are under way and lets go of what the store opened itself. Nothing is called after it. */
  close(): Promise<void>;
}

/** Names a record. */
export interface RoomKey {
  /** Name of the service: its path without parameters. */
  readonly service: string;
  /** The room's id; with several path parameters, all of them, encoded. Up to some 4,000 bytes of UTF-8, no NUL. */
  readonly key: string;
}

/** What a claim found. */
export interface Claim {
  /** Proves in later writes that nobody has claimed the record since. A safe integer. */
  readonly fence: number;
  /** `undefined` if the room has no record, or one without parts. */
  readonly record: StoredRecord | undefined;
}

export interface StoredRecord {
  readonly parts: Readonly<Record<string, Uint8Array>>;
  /** The log, in order. */
  readonly segments: readonly StoredSegment[];
  /** That of the last write. */
  readonly sequence: number;
}

export interface StoredSegment {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** One write to one record. What is not named stays as it was. */
export interface RoomWrite {
  readonly room: RoomKey;
  readonly fence: number;
  readonly owner: string;
  /** Number of this write, one more than that of the write before. */
  readonly sequence: number;
  /** Ends the record: nothing of it stays, and later writes with this fence are refused. */
  readonly isDelete?: boolean;
  /** The last write of this owner: afterwards the record has none, and later writes with this fence are refused. */
  readonly isRelease?: boolean;
  /** Parts to replace, by name: up to 8 lower-case letters. The first write of a record has at least one. */
  readonly parts?: Readonly<Record<string, Uint8Array>>;
  /** Segments to append to the log, in order. Their numbers are larger than that of every segment before. */
  readonly segments?: readonly StoredSegment[];
  /** Segments with smaller numbers are dropped. */
  readonly keepFrom?: number;
  /** When the room has something to do, in whole milliseconds since 1970; `null` for never. */
  readonly dueAt?: number | null;
}

/**
 * `fenced`: somebody else has claimed the record, or it was deleted, or it has become unreadable, or a write before this
 * one is missing. Nothing was changed, and the writer has to claim the record again.
 */
export type WriteOutcome = 'done' | 'fenced';

export interface DueRoom {
  readonly room: RoomKey;
  readonly dueAt: number;
}
