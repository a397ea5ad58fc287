import type { RoomStore } from 'nestjs-jamsocket';

export const STORE_KINDS = ['lmdb', 'redis', 'postgres'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** Where a store is. Can be passed to another process. */
export interface StoreAddress {
  readonly kind: StoreKind;
  /** A folder for LMDB, a URL for the others. */
  readonly at: string;
}

export interface OpenStore {
  readonly store: RoomStore;
  /** Closes the application's own client of the database. Call it after the store is closed. */
  end(): Promise<void>;
}

export async function openStore({ kind, at }: StoreAddress): Promise<OpenStore> {
  if (kind === 'lmdb') {
    const { LmdbStore } = await import('nestjs-jamsocket/lmdb');
    return { store: new LmdbStore({ path: at }), end: () => Promise.resolve() };
  }
  if (kind === 'redis') {
    const [{ Redis }, { RedisStore }] = await Promise.all([import('ioredis'), import('nestjs-jamsocket/redis')]);
    const redis = new Redis(at);
    redis.on('error', () => undefined);
    return { store: new RedisStore({ redis }), end: () => Promise.resolve(redis.disconnect()) };
  }
  const [pg, { PostgresStore }] = await Promise.all([import('pg'), import('nestjs-jamsocket/postgres')]);
  const pool = new pg.default.Pool({ connectionString: at });
  return { store: new PostgresStore({ pool }), end: () => pool.end() };
}

/** Opens a store for one read or one change by the fault itself. */
export async function withStore<T>(address: StoreAddress, use: (store: RoomStore) => Promise<T>): Promise<T> {
  const { store, end } = await openStore(address);
  try {
    return await use(store);
  } finally {
    await store.close();
    await end();
  }
}
