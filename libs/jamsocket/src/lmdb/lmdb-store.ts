import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { assertOptionNames } from '../base/checks/option-mistake.js';
import { assertRoomKey } from '../store/assert-room-key.js';
import type { Claim, ClaimRequest, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { soleClaim } from '../store/sole-claim.js';
import { StoreError } from '../store/store-error.js';
import { LmdbIndex } from './lmdb-index.js';
import { LmdbRecords, type Bytes } from './lmdb-records.js';

/** A folder for a database of its own, or an environment of the application. */
export type LmdbStoreOptions =
  | {
      /** Folder of the database; created if missing. Must be on a local disk, never on a network file system. */
      readonly path: string;
    }
  | {
      /**
       * An environment that your code opens, and closes after the Nest application has closed. Open it with
       * `safeRestore: true` and without `noSync` or `separateFlushed`.
       */
      readonly environment: RootDatabase;
    };

interface Content {
  readonly records: LmdbRecords;
  readonly index: LmdbIndex;
}

/** Name of the database within the environment. */
const NAME = 'jamsocket';
const CLOSED = 'The LmdbStore has been closed.';

/**
 * Keeps durable rooms in an LMDB database, which runs in the process and needs no server. A commit resolves when it is
 * flushed to disk. Several processes of one machine may use the same path.
 */
export class LmdbStore implements RoomStore {
  readonly #options: LmdbStoreOptions;
  #environment: RootDatabase | undefined;
  #db: Bytes | undefined;
  #content: Content | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** @throws TypeError without a path or an environment */
  constructor(options: LmdbStoreOptions) {
    this.#options = checked(options);
  }

  async describe(): Promise<string> {
    this.#opened();
    return 'path' in this.#options
      ? `LMDB at ${this.#options.path}: each commit is flushed to disk (fdatasync)`
      : "LMDB in the application's environment: each commit is flushed to disk, unless it was opened with noSync";
  }

  claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    return soleClaim(this, { room, owner, minFence });
  }

  async claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    for (const { room } of claims) assertRoomKey(room);
    return this.#transaction((records) => claims.map((claim) => records.claim(claim)));
  }

  async has(room: RoomKey): Promise<boolean> {
    assertRoomKey(room);
    return this.#read(({ records }) => records.has(room));
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    return this.#transaction((records) => writes.map((write) => records.apply(write)));
  }

  async due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    return this.#read(({ index }) => index.due(before, limit, except, services));
  }

  async list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    return this.#read(({ index }) => index.list(service, limit, after));
  }

  /** Waits for commits that are under way. `process.exit()` may hang during a commit: close first. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    if ('path' in this.#options) await this.#environment?.close();
  }

  #read<T>(read: (content: Content) => T): T {
    const content = this.#opened();
    try {
      // The last read's snapshot may be older than a write of another process.
      this.#db!.resetReadTxn();
      return read(content);
    } catch (error) {
      throw failed(error);
    }
  }

  /** Runs `action` in one transaction: all of its writes are kept, or none. */
  async #transaction<T>(action: (records: LmdbRecords) => T): Promise<T> {
    const { records } = this.#opened();
    // Transactions that start during a flush are merged into one by lmdb.
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
    // If the commit fails, an internal promise of lmdb rejects too; unhandled, it would end the process.
    setImmediate(() => void db.committed.then(ignore, ignore));
    return await result;
  }

  /** Opens the database when it is first needed: a module that is only imported makes no files. */
  #opened(): Content {
    if (this.#closed !== undefined) throw new StoreError('store_closed', CLOSED);
    if (this.#content !== undefined) return this.#content;
    try {
      this.#environment ??= 'path' in this.#options ? openAt(this.#options.path) : this.#options.environment;
      this.#db = this.#environment.openDB<Uint8Array, Uint8Array>({
        name: NAME,
        encoding: 'binary',
        keyEncoding: 'binary',
      });
      return (this.#content = { records: new LmdbRecords(this.#db), index: new LmdbIndex(this.#db) });
    } catch (error) {
      throw failed(error);
    }
  }
}

/** Runtime check for JavaScript callers. The folder is made much later, where a mistake would look like a broken disk. */
function checked(options: LmdbStoreOptions | undefined): LmdbStoreOptions {
  if (options !== undefined) assertOptionNames('LmdbStore', options, ['path', 'environment']);
  const { path, environment } = (options ?? {}) as { readonly path?: unknown; readonly environment?: RootDatabase };
  if (typeof path === 'string' && path !== '' && environment === undefined) return { path };
  if (path === undefined && typeof environment?.openDB === 'function') return { environment };
  throw new TypeError(
    "LmdbStore: pass either path, the folder of its database, such as '.jamsocket', or environment, which your code has opened with lmdb.",
  );
}

function openAt(path: string): RootDatabase {
  // lmdb's types do not know safeRestore.
  const options: RootDatabaseOptionsWithPath & { readonly safeRestore: boolean } = {
    path,
    safeRestore: true,
    // Flush within the commit: with overlapping flushes, lmdb's default, close() hangs after a failed commit.
    overlappingSync: false,
    // Batching the writes of a tick gains nothing: a commit is one transaction already.
    eventTurnBatching: false,
  };
  return open(options);
}

/** lmdb's error only says "see commitError". That is a promise, which rejects with the error of the database. */
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
