import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { PostgresStore } from 'nestjs-jamsocket/postgres';
import { RedisCluster, RedisStore } from 'nestjs-jamsocket/redis';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoomStorage, type StoreEnvironment } from './room-storage.js';

describe('the demo keeps its durable rooms', () => {
  let folder: string;
  let before: string;
  beforeEach(async () => {
    before = process.cwd();
    folder = await realpath(await mkdtemp(join(tmpdir(), 'jamsocket-demo-')));
    process.chdir(folder);
  });
  afterEach(async () => {
    process.chdir(before);
    await rm(folder, { recursive: true });
  });

  it.each<[string, string, StoreEnvironment]>([
    ['.jamsocket', 'by default', {}],
    ['.jamsocket', 'with empty variables', { DATA_DIR: '', REDIS_URL: '', POSTGRES_URL: '' }],
    ['elsewhere', 'with DATA_DIR', { DATA_DIR: 'elsewhere' }],
  ])('in LMDB, in %s, %s', async (name, _when, environment) => {
    const { store } = await RoomStorage.from(environment);
    expect(store).toBeInstanceOf(LmdbStore);
    expect(await store.describe()).toContain(`LMDB at ${join(folder, name)}:`);
    await store.list('ledger', 1);
    await store.close();
    expect(existsSync(join(folder, name))).toBe(true);
  });

  it.each([
    ['PostgreSQL', { POSTGRES_URL: 'postgres://localhost:1/none' }, PostgresStore],
    ['Redis', { REDIS_URL: 'redis://localhost:1' }, RedisStore],
  ])(
    'in %s if its URL is given, and nothing is connected or written before it is used',
    async (_name, environment, kind) => {
      const storage = await RoomStorage.from(environment);
      expect(storage.store).toBeInstanceOf(kind);
      expect(storage.cluster instanceof RedisCluster).toBe(kind === RedisStore);
      await storage.store.close();
      await storage.onApplicationShutdown();
      expect(existsSync('.jamsocket')).toBe(false);
    },
  );

  it('in a database that may hang, and ends all the same', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const storage = await RoomStorage.from({ POSTGRES_URL: `postgres://127.0.0.1:${port}/none` });
    const isAnswered = storage.store.describe().then(
      () => true,
      () => false,
    );
    const [socket] = (await once(silent, 'connection')) as [Socket];
    await storage.onApplicationShutdown();
    socket.destroy();
    silent.close();
    expect(await isAnswered).toBe(false);
  });

  it('and says so if there are two servers to choose from', async () => {
    const both = { POSTGRES_URL: 'postgres://localhost', REDIS_URL: 'redis://localhost' };
    await expect(RoomStorage.from(both)).rejects.toThrow('Set the one to use');
  });
});
