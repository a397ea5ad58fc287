import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { assertRoomKey } from '../store/assert-room-key.js';
import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';
import { LmdbRecords, type Bytes } from './lmdb-records.js';

export type LmdbStoreOptions =
  | {
      /** Folder of the database; it is made if it is not there. On a disk of this machine, never on a network file system. */
      readonly path: string;
    }
  | {
      /**
       * An environment that the application has opened itself, and closes itself after the application. Open it with
       * `safeRestore: true`, and without `noSync` or `separateFlushed`.
       */
      readonly environment: RootDatabase;
    };

/** Of the database within the environment. */
const NAME = 'jamsocket';
const CLOSED = 'The LmdbStore has been closed.';

/**
 * Keeps durable rooms in an LMDB database in the process: no server to run. A commit resolves when it is flushed to the
 * disk. Several processes of one machine may use one path.
 */
export class LmdbStore implements RoomStore {
  readonly #options: LmdbStoreOptions;
  #environment: RootDatabase | undefined;
  #db: Bytes | undefined;
  #records: LmdbRecords | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
  }

  async describe(): Promise<string> {
    return 'path' in this.#options
      ? `LMDB at ${this.#options.path}: each commit is flushed to disk (fdatasync)`
      : "LMDB in the application's environment: each commit is flushed to disk, unless it was opened with noSync";
  }

  async claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    assertRoomKey(room);
    return this.#transaction((records) => records.claim(room, owner, minFence));
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    return this.#transaction((records) => writes.map((write) => records.apply(write)));
  }

  async due(before: number, limit: number, except: readonly string[]): Promise<readonly DueRoom[]> {
    return this.#read((records) => records.due(before, limit, except));
  }

  async list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    return this.#read((records) => records.list(service, limit, after));
  }

  /** Waits for commits that are under way. `process.exit()` with some under way may hang: close first. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    if ('path' in this.#options) await this.#environment?.close();
  }

  #read<T>(read: (records: LmdbRecords) => T): T {
    const records = this.#opened();
    try {
      // The snapshot of the last read may be older than what another process has written.
      this.#db!.resetReadTxn();
      return read(records);
    } catch (error) {
      throw failed(error);
    }
  }

  /** All of what `action` does, or nothing of it. */
  async #transaction<T>(action: (records: LmdbRecords) => T): Promise<T> {
    const records = this.#opened();
    // Of all transactions that come while one is flushed LMDB makes one.
    const result = this.#begin(() => action(records));
    this.#underWay.add(result);
    try {
      return await result;
    } catch (error) {
      throw failed(await causeOf(error));
    } finally {
      this.#underWay.delete(result);
    }
  }

  async #begin<T>(action: () => T): Promise<T> {
    const db = this.#db!;
    const result = db.childTransaction(action);
    // If the commit fails, a promise of lmdb's own rejects too, and would end the process as unhandled.
    setImmediate(() => void db.committed.then(ignore, ignore));
    return await result;
  }

  /** Opens the database when it is first needed: a module that is only imported makes no files. */
  #opened(): LmdbRecords {
    if (this.#closed !== undefined) throw new StoreError('store_closed', CLOSED);
    if (this.#records !== undefined) return this.#records;
    try {
      this.#environment ??= 'path' in this.#options ? openAt(this.#options.path) : this.#options.environment;
      this.#db = this.#environment.openDB<Uint8Array, Uint8Array>({
        name: NAME,
        encoding: 'binary',
        keyEncoding: 'binary',
      });
      return (this.#records = new LmdbRecords(this.#db));
    } catch (error) {
      throw failed(error);
    }
  }
}

function openAt(path: string): RootDatabase {
  // lmdb's types do not know safeRestore.
  const options: RootDatabaseOptionsWithPath & { readonly safeRestore: boolean } = {
    path,
    safeRestore: true,
    // A flush within the commit: with lmdb's own overlapping flushes close() hangs after a commit that failed.
    overlappingSync: false,
    // lmdb's batches by event turn have nothing to gather: a commit is one transaction already.
    eventTurnBatching: false,
  };
  return open(options);
}

/** lmdb's error says "see commitError": a promise that rejects with the error of the database. */
async function causeOf(error: unknown): Promise<unknown> {
  const cause = (error as { commitError?: unknown } | undefined)?.commitError;
  if (!(cause instanceof Promise)) return error;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<unknown>((resolve) => (timer = setTimeout(resolve, 1_000, error)));
  const reason: unknown = await Promise.race([cause.catch((why: unknown) => why), late]);
  clearTimeout(timer);
  return reason;
}

function failed(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StoreError('store_failed', `The LMDB database failed: ${why}.`, { cause: error });
}

function ignore(): void {}
