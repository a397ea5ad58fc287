import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { JamsocketOptions, RoomStore } from 'nestjs-jamsocket';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { PostgresStore } from 'nestjs-jamsocket/postgres';
import { RedisCluster, RedisStore } from 'nestjs-jamsocket/redis';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CLOSE_MS = 1_000;

/** The environment variables that choose the store. An empty one counts as not set. */
export interface StoreEnvironment {
  /** Folder of the LMDB database. Default `.jamsocket`, in the folder where the process was started. */
  readonly DATA_DIR?: string;
  /** Connection string of a PostgreSQL server to use instead. */
  readonly POSTGRES_URL?: string;
  /** URL of a Redis server to use instead. All processes with the same URL are one cluster. */
  readonly REDIS_URL?: string;
}

/** The store of the durable rooms, the cluster, and the client of their database, which is the application's own. */
@Injectable()
export class RoomStorage implements OnApplicationShutdown {
  private constructor(
    readonly store: RoomStore,
    private readonly closeClient?: () => unknown,
    readonly cluster?: JamsocketOptions['cluster'],
  ) {}

  /** @throws Error if two servers are set */
  static async from({ DATA_DIR, POSTGRES_URL, REDIS_URL }: StoreEnvironment): Promise<RoomStorage> {
    if (POSTGRES_URL && REDIS_URL) throw new Error('POSTGRES_URL and REDIS_URL are both set. Set the one to use.');
    if (POSTGRES_URL) return RoomStorage.inPostgres(POSTGRES_URL);
    if (REDIS_URL) return RoomStorage.inRedis(REDIS_URL);
    return new RoomStorage(new LmdbStore({ path: resolve(DATA_DIR || '.jamsocket') }));
  }

  private static async inPostgres(connectionString: string): Promise<RoomStorage> {
    // Loaded only when it is used: the demo starts faster without.
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString });
    return new RoomStorage(new PostgresStore({ pool }), () => pool.end());
  }

  private static async inRedis(url: string): Promise<RoomStorage> {
    const { Redis } = await import('ioredis');
    // The demo sends nothing itself: the store and the cluster open their own connections.
    const redis = new Redis(url, { lazyConnect: true });
    return new RoomStorage(new RedisStore({ redis }), () => redis.disconnect(), new RedisCluster({ redis }));
  }

  /** By now the rooms are saved and the store is closed: JamsocketModule does both in its `onModuleDestroy`. */
  async onApplicationShutdown(): Promise<void> {
    // A database that hangs does not answer, and must not keep the demo from ending.
    await Promise.race([this.closeClient?.(), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

@Module({
  providers: [{ provide: RoomStorage, useFactory: () => RoomStorage.from(process.env) }],
  exports: [RoomStorage],
})
export class RoomStorageModule {}
