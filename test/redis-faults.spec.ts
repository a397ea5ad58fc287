import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RedisStore } from 'nestjs-jamsocket/redis';
import { createClient, createCluster } from 'redis';
import { codeOf } from './support/code-of.js';
import { startRedisCluster, untilDone } from './support/redis-cluster.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;
const ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always'];
const ROOM = { service: 'ledger', key: 'one' };

const part = (text: string) => ({ parts: { base: Buffer.from(text) } });

describeRedis('RedisStore', () => {
  it('says how durable its server is', async () => {
    const server = await startRedis(program!, []);
    const redis = new Redis({ port: server.port, host: '127.0.0.1' });
    const store = new RedisStore({ redis });
    const after = async (...settings: string[]) => {
      await redis.config('SET', ...(settings as [string, string]));
      return store.describe();
    };
    expect(await store.describe()).toMatch(/^Redis \d+\.\d+\.\d+: WARNING: no append-only file/);
    expect(await after('appendonly', 'yes')).toMatch(/: WARNING: append-only file, flushed each second.*everysec\)$/);
    expect(await after('appendfsync', 'no')).toMatch(/: WARNING: .*\(appendfsync no\)$/);
    expect(await after('appendfsync', 'always')).toMatch(/: each commit is flushed to disk \(appendfsync always\)$/);
    expect(await after('maxmemory-policy', 'allkeys-lru')).not.toContain('WARNING');
    expect(await after('maxmemory', '100mb')).toMatch(/WARNING: maxmemory-policy allkeys-lru may remove rooms/);
    await redis.acl('SETUSER', 'default', '-config');
    expect(await store.describe()).toMatch(/append-only file; how often it is flushed cannot be read/);
    await store.close();
    redis.disconnect();
    await server.stop();
  });

  for (const library of ['ioredis', 'node-redis']) {
    it(`loses nothing through kill -9 of Redis, and sends nothing twice (${library})`, async () => {
      let server = await startRedis(program!, ALWAYS);
      const own = new Redis({ port: server.port, host: '127.0.0.1', retryStrategy: () => 50 });
      own.on('error', () => undefined);
      const other = createClient({ url: `redis://127.0.0.1:${server.port}` }).on('error', () => undefined);
      await other.connect();
      const store = new RedisStore({ redis: library === 'ioredis' ? own : other });
      const { fence } = await store.claim(ROOM, 'a');
      let sequence = 0;
      const write = (text: string) => ({ room: ROOM, fence, owner: 'a', sequence: ++sequence, ...part(text) });
      for (const text of ['1', '2', '3']) expect(await store.commit([write(text)])).toEqual(['done']);
      await server.kill();
      const lost = write('4');
      expect(await codeOf(store.commit([lost]))).toBe('store_failed');
      expect(await codeOf(store.claim(ROOM, 'b'))).toBe('store_failed');
      expect(await codeOf(store.due(1, 1, [], ['chat']))).toBe('store_failed');
      server = await startRedis(program!, ALWAYS, server);
      // Answered by the same connection as the commit: a write that was kept somewhere would be there before.
      await untilDone(() => store.list('ledger', 1));
      expect((await own.hgetall((await own.keys('*room:*'))[0])).s).toBe('3');
      expect(await store.commit([lost])).toEqual(['done']);
      expect(await store.commit([lost, write('5')])).toEqual(['done', 'done']);
      const { record } = await store.claim(ROOM, 'b');
      expect([record?.sequence, Buffer.from(record!.parts.base).toString()]).toEqual([5, '5']);
      await store.close();
      // The application's own clients are left alone.
      expect([await own.ping(), await other.ping()]).toEqual(['PONG', 'PONG']);
      own.disconnect();
      other.destroy();
      await server.stop();
    }, 60_000);
  }

  it('begins while Redis is away, and works when it comes', async () => {
    const gone = await startRedis(program!, []);
    await gone.kill();
    const redis = new Redis({ port: gone.port, host: '127.0.0.1', lazyConnect: true });
    const nodeRedis = createClient({ url: `redis://127.0.0.1:${gone.port}` });
    const stores = [redis, nodeRedis].map((client) => new RedisStore({ redis: client }));
    for (const store of stores) {
      expect(await codeOf(store.claim(ROOM, 'a'))).toBe('store_failed');
      expect(await codeOf(store.describe())).toBe('store_failed');
    }
    const server = await startRedis(program!, [], gone);
    for (const store of stores) expect((await untilDone(() => store.claim(ROOM, 'a'))).record).toBe(undefined);
    await Promise.all(stores.map((store) => store.close()));
    redis.disconnect();
    await server.stop();
  }, 60_000);

  it('is backed up and restored as docs/stores.md says', async () => {
    let server = await startRedis(program!, ALWAYS);
    const redis = new Redis({ port: server.port, host: '127.0.0.1', retryStrategy: () => 20 });
    redis.on('error', () => undefined);
    const store = new RedisStore({ redis });
    const { fence } = await store.claim(ROOM, 'a');
    await store.commit([{ room: ROOM, fence, owner: 'a', sequence: 1, ...part('1') }]);
    const infoHas = async (line: string) => {
      if (!(await redis.info('persistence')).includes(line)) throw new Error(`INFO does not say ${line}`);
    };
    await redis.bgsave();
    await untilDone(() => infoHas('rdb_bgsave_in_progress:0'));
    const [dump, backup] = [join(server.folder, 'dump.rdb'), join(server.folder, 'backup.rdb')];
    copyFileSync(dump, backup);
    await store.commit([{ room: ROOM, fence, owner: 'a', sequence: 2, ...part('2') }]);

    await server.kill();
    rmSync(join(server.folder, 'appendonlydir'), { recursive: true });
    copyFileSync(backup, dump);
    server = await startRedis(program!, ['--appendonly', 'no'], server);
    await untilDone(() => redis.config('SET', 'appendonly', 'yes'));
    await untilDone(async () => {
      for (const line of ['aof_rewrite_scheduled:0', 'aof_rewrite_in_progress:0']) await infoHas(line);
    });
    await server.kill();
    server = await startRedis(program!, ALWAYS, server);
    const { record } = await untilDone(() => store.claim(ROOM, 'b'));
    expect([record?.sequence, Buffer.from(record!.parts.base).toString()]).toEqual([1, '1']);
    await store.close();
    redis.disconnect();
    await server.stop();
  }, 60_000);

  it('refuses what is no client, and a prefix that would move rooms to other slots', () => {
    for (const redis of [undefined, {}, 'redis://localhost', { sendCommand: () => undefined }])
      expect(() => new RedisStore({ redis: redis as never })).toThrow('redis must be a client of ioredis');
    expect(() => new RedisStore({ redis: {} as never, prefix: 'a{b}' })).toThrow('prefix "a{b}" may have letters');
  });
});

describeRedis('RedisStore with a Redis Cluster of three nodes', () => {
  let nodes: readonly TestServer[];
  beforeAll(async () => {
    nodes = await startRedisCluster(program!);
  }, 60_000);
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  for (const library of ['ioredis', 'node-redis']) {
    it(`keeps each room within one slot (${library})`, async () => {
      const rootNodes = nodes.map(({ port: at }) => ({ host: '127.0.0.1', port: at }));
      const ioredis = new Cluster(rootNodes);
      const nodeRedis = createCluster({ rootNodes: rootNodes.map((socket) => ({ socket })) });
      nodeRedis.on('error', () => undefined);
      const store = new RedisStore({ redis: library === 'ioredis' ? ioredis : nodeRedis, prefix: library });
      const rooms = Array.from({ length: 150 }, (_, at) => ({ service: 'chat', key: `room ${at} {x}` }));
      const claims = await Promise.all(rooms.map((room) => store.claim(room, 'a')));
      const writes = rooms.map((room, at) => ({
        ...{ room, fence: claims[at].fence, owner: 'a', sequence: 1, dueAt: at },
        ...part(`${at}`),
        segments: [{ number: 1, bytes: Buffer.from(`${at}`) }],
      }));
      expect(new Set(await store.commit(writes))).toEqual(new Set(['done']));
      expect(await store.due(1_000, 1_000, [], ['chat'])).toEqual(rooms.map((room, dueAt) => ({ room, dueAt })));
      expect(await store.due(1_000, 1_000, ['a'], ['chat'])).toEqual([]);
      const listed = (await store.list('chat', 1_000)).map(({ key }) => key);
      expect(listed.sort()).toEqual(rooms.map(({ key }) => key).sort());
      const read = await Promise.all(rooms.map((room) => store.claim(room, 'b')));
      expect(read.map(({ record }) => Buffer.from(record!.parts.base).toString())).toEqual(
        rooms.map((_, at) => `${at}`),
      );
      expect(new Set(await store.commit(writes.map((write) => ({ ...write, sequence: 2 }))))).toEqual(
        new Set(['fenced']),
      );
      expect(await store.describe()).toContain('Redis ');
      await store.close();
      ioredis.disconnect();
    });
  }
});
