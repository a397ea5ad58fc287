import { assertOptionNames } from '../base/checks/option-mistake.js';
import { assertRoomKey } from '../store/assert-room-key.js';
import type { Claim, ClaimRequest, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { soleClaim } from '../store/sole-claim.js';
import { StoreError } from '../store/store-error.js';
import { TaskLine } from '../store/task-line.js';
import { describeRedis, readServer, redisFailure } from './describe-redis.js';
import { connectLike } from './connection/connect-like.js';
import { assertPrefix } from './assert-prefix.js';
import { claimCall, commitCall, readClaim } from './redis-calls.js';
import type { IoRedisClient, NodeRedisClient, RedisConnection } from './connection/redis-connection.js';
import { BUCKETS, bucketOf, dueKey, keysOf, listKey, padded, readDueMember } from './redis-keys.js';
import { DUE } from './redis-scripts.js';
import { runScripts } from './run-scripts.js';

/** Options of a RedisStore. */
export interface RedisStoreOptions {
  /** The application's client, of ioredis or node-redis. The store opens its own connection with the same settings. */
  readonly redis: IoRedisClient | NodeRedisClient;
  /** Prefix of all keys: letters, digits and `_ : . -`. Default `jamsocket`. */
  readonly prefix?: string;
}

/**
 * Keeps durable rooms in Redis or in a Redis Cluster. How many acknowledged writes survive a crash of Redis depends on its
 * append-only file; `describe` tells.
 */
export class RedisStore implements RoomStore {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  /** One commit at a time: a later commit must not overtake one that has to load its script first. */
  readonly #commits = new TaskLine();
  #closed: Promise<void> | undefined;

  /** @throws TypeError if `redis` or `prefix` is invalid, and for an unknown option */
  constructor(options: RedisStoreOptions) {
    assertOptionNames('RedisStore', options, ['redis', 'prefix']);
    const { redis, prefix = 'jamsocket' } = options;
    assertPrefix('RedisStore', prefix);
    this.#prefix = prefix;
    this.#connection = connectLike(redis, 'RedisStore');
  }

  async describe(): Promise<string> {
    return describeRedis(await this.#ask(() => readServer(this.#connection)));
  }

  claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    return soleClaim(this, { room, owner, minFence });
  }

  async claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    for (const { room, owner } of claims) {
      assertRoomKey(room);
      if (owner.includes('\0')) throw new RangeError('The owner of a durable room must not contain the NUL character.');
    }
    const calls = claims.map((claim) => claimCall(this.#prefix, claim));
    const replies = await this.#ask(() => runScripts(this.#connection, calls));
    return replies.map((reply, at) =>
      reply instanceof Error ? claimFailed(claims[at].room, reply) : readClaim(reply as [Buffer, Buffer[], Buffer[]]),
    );
  }

  async has(room: RoomKey): Promise<boolean> {
    assertRoomKey(room);
    const { record: key, bucket } = keysOf(this.#prefix, room);
    const [reply] = await this.#ask(() => this.#connection.send([{ key, bucket, args: ['HMGET', key, 'k', 's'] }]));
    // Something else has this key.
    if (reply instanceof Error && reply.message.startsWith('WRONGTYPE')) return true;
    if (reply instanceof Error) throw failed(reply);
    const [hasParts, sequence] = reply as (Buffer | null)[];
    // A claim of a new room writes both.
    return hasParts === null ? sequence !== null : hasParts.toString() === '1';
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    const replies = await this.#ask(() =>
      this.#commits.run(() =>
        runScripts(
          this.#connection,
          writes.map((write) => commitCall(this.#prefix, write)),
        ),
      ),
    );
    return replies.map((reply) => {
      if (reply instanceof Error) throw failed(reply);
      return reply === 1 ? 'done' : 'fenced';
    });
  }

  async due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    const named = [...new Set(services)];
    const calls = Array.from({ length: BUCKETS }, (_, bucket) => ({
      script: DUE,
      bucket,
      keys: [dueKey(this.#prefix, bucket)],
      args: [padded(before), `${limit}`, `${named.length}`, ...named, ...except],
    }));
    const replies = await this.#ask(() => runScripts(this.#connection, calls));
    const members = replies.flatMap((reply) => {
      if (reply instanceof Error) throw failed(reply);
      return reply as Buffer[];
    });
    const rooms = members.map((member) => readDueMember(member.toString()));
    return rooms.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit);
  }

  /** Ordered by bucket, then by the bytes of the keys. */
  async list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    const rooms: RoomKey[] = [];
    const first = after === undefined ? 0 : bucketOf(service, after);
    for (let bucket = first; bucket < BUCKETS && rooms.length < limit; bucket++) {
      const key = listKey(this.#prefix, bucket, service);
      const from = after !== undefined && bucket === first ? `(${after}` : '-';
      const args = ['ZRANGEBYLEX', key, from, '+', 'LIMIT', '0', `${limit - rooms.length}`];
      const [reply] = await this.#ask(() => this.#connection.send([{ key, bucket, args }]));
      if (reply instanceof Error) throw failed(reply);
      rooms.push(...(reply as Buffer[]).map((member) => ({ service, key: member.toString() })));
    }
    this.#mustBeOpen();
    return rooms;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#commits.settled().then(() => this.#connection.close()));
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    try {
      return await ask();
    } catch (error) {
      throw failed(error);
    }
  }

  #mustBeOpen(): void {
    if (this.#closed !== undefined) throw new StoreError('store_closed', 'The RedisStore has been closed.');
  }
}

function claimFailed({ service, key }: RoomKey, error: Error): StoreError {
  if (!/^(UNREADABLE|WRONGTYPE)/.test(error.message)) return failed(error);
  const message = `The record of room ${JSON.stringify(key)} of ${JSON.stringify(service)} cannot be read: ${error.message}.`;
  return new StoreError('record_unreadable', message, { cause: error });
}

function failed(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('store_failed', redisFailure(error), { cause: error });
}
