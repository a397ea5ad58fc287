import type { RoomStore } from 'nestjs-jamsocket';

export interface OpenStore {
  readonly store: RoomStore;
  /** Ends the application's own client of it. */
  end(): Promise<unknown>;
}

/** The store of the environment: `LMDB` is a folder, `REDIS_URL` and `POSTGRES_URL` are servers. */
export async function openStore(): Promise<OpenStore | undefined> {
  const { LMDB, REDIS_URL, POSTGRES_URL } = process.env;
  if (LMDB !== undefined) {
    const { LmdbStore } = await import('nestjs-jamsocket/lmdb');
    return { store: new LmdbStore({ path: LMDB }), end: () => Promise.resolve() };
  }
  if (REDIS_URL !== undefined) {
    const [{ RedisStore }, { Redis }] = await Promise.all([import('nestjs-jamsocket/redis'), import('ioredis')]);
    const redis = new Redis(REDIS_URL);
    return { store: new RedisStore({ redis }), end: () => redis.quit() };
  }
  if (POSTGRES_URL !== undefined) {
    const [{ PostgresStore }, { default: pg }] = await Promise.all([import('nestjs-jamsocket/postgres'), import('pg')]);
    const pool = new pg.Pool({ connectionString: POSTGRES_URL });
    return { store: new PostgresStore({ pool }), end: () => pool.end() };
  }
  return undefined;
}
