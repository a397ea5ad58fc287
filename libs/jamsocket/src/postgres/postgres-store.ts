import { assertOptionNames } from '../base/checks/option-mistake.js';
import { assertRoomKey } from '../store/assert-room-key.js';
import type { Claim, ClaimRequest, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { soleClaim } from '../store/sole-claim.js';
import { StoreError } from '../store/store-error.js';
import { TaskLine } from '../store/task-line.js';
import { idOf, inChunks } from './commit-values.js';
import { ignoreIdleErrors, withClient, type PostgresClient, type PostgresPool } from './postgres-pool.js';
import { PostgresRecords } from './postgres-records.js';
import { sqlFor, type PostgresSql } from './postgres-sql.js';
import { assertPrefix, postgresTables } from './postgres-tables.js';

/** Options of a PostgresStore. */
export interface PostgresStoreOptions {
  /** The application's `Pool` of npm `pg`. The application ends it after the store is closed. */
  readonly pool: PostgresPool;
  /** Whether the store creates its tables on first use. Default true. If false, create them with `postgresTables()`. */
  readonly createTables?: boolean;
  /** Prefix of the table names: lower-case letters, digits and `_`. Default `jamsocket`. */
  readonly prefix?: string;
  /** Milliseconds after which a query without an answer fails and its connection is closed. Default 30,000. */
  readonly timeoutMs?: number;
}

/** Error codes when two processes create a table at the same time, which IF NOT EXISTS does not prevent. */
const MADE_BY_ANOTHER: readonly unknown[] = ['23505', '42P07', '42710'];

/** Two processes wait for each other's rows. */
const DEADLOCK = '40P01';

/** Keeps durable rooms in PostgreSQL. How durable a commit is depends on `synchronous_commit`; `describe` tells. */
export class PostgresStore implements RoomStore {
  readonly #pool: PostgresPool;
  readonly #prefix: string;
  readonly #sql: PostgresSql;
  readonly #records: PostgresRecords;
  readonly #timeoutMs: number;
  /** One commit at a time: the connections of a pool would not keep the order of commits. */
  readonly #commits = new TaskLine();
  readonly #underWay = new Set<Promise<unknown>>();
  #tables: Promise<void> | undefined;
  #isClosed = false;

  /** @throws TypeError if an option is invalid or unknown */
  constructor(options: PostgresStoreOptions) {
    assertOptionNames('PostgresStore', options, ['pool', 'createTables', 'prefix', 'timeoutMs']);
    const { pool, createTables = true, prefix = 'jamsocket', timeoutMs = 30_000 } = options;
    if (typeof (pool as PostgresPool | undefined)?.connect !== 'function')
      throw new TypeError('PostgresStore: pool must be a Pool of npm "pg".');
    if (!Number.isFinite(timeoutMs) || timeoutMs <= 0)
      throw new TypeError(`PostgresStore: timeoutMs ${timeoutMs} must be a positive number of milliseconds.`);
    if (typeof createTables !== 'boolean')
      throw new TypeError(`PostgresStore: createTables is ${String(createTables)}, but must be true or false.`);
    assertPrefix(prefix);
    this.#pool = pool;
    this.#prefix = prefix;
    this.#sql = sqlFor(prefix);
    this.#records = new PostgresRecords(this.#sql);
    this.#timeoutMs = timeoutMs;
    if (!createTables) this.#tables = Promise.resolve();
    ignoreIdleErrors(pool);
  }

  async describe(): Promise<string> {
    const names = "('server_version', 'synchronous_commit', 'fsync')";
    const { rows } = await this.#use((client) =>
      client.query(`SELECT name, setting FROM pg_settings WHERE name IN ${names}`),
    );
    const settings = rows as { name: string; setting: string }[];
    return describeSettings(new Map(settings.map(({ name, setting }) => [name, setting])));
  }

  claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    return soleClaim(this, { room, owner, minFence });
  }

  async claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    for (const { room, owner } of claims) {
      assertRoomKey(room);
      if (owner === '' || owner.includes('\0'))
        throw new RangeError('The owner of a durable room must not be empty, nor contain the NUL character.');
    }
    return this.#track(() => this.#claim(claims));
  }

  async has(room: RoomKey): Promise<boolean> {
    assertRoomKey(room);
    return this.#use((client) => this.#records.has(client, room));
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    return this.#track(() =>
      this.#commits.run(async () => {
        const outcomes: WriteOutcome[] = [];
        for (const chunk of inChunks(writes))
          outcomes.push(...(await this.#lend((client) => this.#records.commit(client, chunk))));
        return outcomes;
      }),
    );
  }

  async due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    const values = [before, limit, [...except], [...new Set(services)]];
    const { rows } = await this.#use((client) => client.query(this.#sql.due, values));
    return (rows as { service: string; key: string; due_at: string }[]).map(({ service, key, due_at }) => ({
      room: { service, key },
      dueAt: Number(due_at),
    }));
  }

  /** Ordered by the hashes of the keys. */
  async list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    const from = after === undefined ? null : idOf({ service, key: after });
    const { rows } = await this.#use((client) => client.query(this.#sql.list, [service, from, limit]));
    return (rows as { key: string }[]).map(({ key }) => ({ service, key }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  /** All together, or one by one if a record cannot be read or another process claims the same rooms: none affects another. */
  async #claim(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    const together = await this.#lend((client) => this.#records.claim(client, claims)).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === DEADLOCK && claims.length > 1) return undefined;
      throw error;
    });
    if (together !== undefined && (together.isClaimed || claims.length === 1)) return together.found;
    const alone: (Claim | StoreError)[] = [];
    for (const claim of claims) alone.push(...(await this.#claim([claim])));
    return alone;
  }

  #use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return this.#track(() => this.#lend(work));
  }

  async #lend<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    await (this.#tables ??= this.#createTables());
    return withClient(this.#pool, this.#timeoutMs, work);
  }

  async #track<T>(start: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StoreError('store_closed', 'The PostgresStore has been closed.');
    const result = start();
    this.#underWay.add(result);
    try {
      return await result;
    } catch (error) {
      throw failed(error);
    } finally {
      this.#underWay.delete(result);
    }
  }

  async #createTables(): Promise<void> {
    try {
      for (const statement of postgresTables(this.#prefix)) await this.#create(statement);
    } catch (error) {
      // The next use tries again.
      this.#tables = undefined;
      throw error;
    }
  }

  async #create(statement: string): Promise<void> {
    const run = () => withClient(this.#pool, this.#timeoutMs, (client) => client.query(statement));
    try {
      await run();
    } catch (error) {
      if (!MADE_BY_ANOTHER.includes((error as { code?: unknown }).code)) throw error;
      await run();
    }
  }
}

function describeSettings(settings: ReadonlyMap<string, string>): string {
  const commit = settings.get('synchronous_commit') ?? 'unknown';
  const name = `PostgreSQL ${settings.get('server_version') ?? ''}`;
  if (settings.get('fsync') === 'off')
    return `${name}: WARNING: fsync is off: a crash of the machine may destroy the database`;
  if (commit === 'off')
    return `${name}: WARNING: a crash of PostgreSQL loses the last acknowledged commits (synchronous_commit off)`;
  return `${name}: each commit is flushed to disk (synchronous_commit ${commit})`;
}

function failed(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StoreError('store_failed', `PostgreSQL failed: ${why}`, { cause: error });
}
