import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { describeDirectory, describeRelay } from 'nestjs-jamsocket/testing';
import { createClient, createCluster, createSentinel } from 'redis';
import { RedisCluster } from '../libs/jamsocket/src/redis/redis-cluster.js';
import { startRedisCluster, untilDone } from './support/redis-cluster.js';
import { startRedisWithClients, type RedisWithClients } from './support/redis-clients.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';
import { TcpProxy } from './support/tcp-proxy.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;
const LIBRARIES = ['ioredis', 'node-redis'] as const;

type Clients = Readonly<Record<(typeof LIBRARIES)[number], ConstructorParameters<typeof RedisCluster>[0]['redis']>>;

/** Makes an empty directory one that has settled long ago. Its clock has been moved ahead. */
const SETTLED = `
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
return redis.call('HSET', KEYS[1], 'server', server, 'ahead', ARGV[1])`;

const keyOf = (name: string, key: string) => `{${name}:directory}:${key}`;

function describeDrivers(of: string, clients: () => Clients, raw: () => Redis | Cluster): void {
  for (const library of LIBRARIES) {
    const driver = (prefix: string) => new RedisCluster({ redis: clients()[library], prefix });
    let current = '';
    let ahead = 0;
    const setClock = () => raw().hset(keyOf(current, 'state'), 'ahead', ahead);
    describeDirectory(`RedisDirectory with ${library} ${of}`, {
      open: async (name) => {
        if (current !== name) await raw().eval(SETTLED, 1, keyOf(name, 'state'), ahead);
        current = name;
        return driver(name).openDirectory();
      },
      forget: async (name) => {
        for (const key of ['state', 'rooms', 'leases', 'nodes']) await raw().del(keyOf(name, key));
        await setClock();
      },
      sleep: async (ms) => {
        ahead += Math.ceil(ms);
        await setClock();
      },
      leaseMs: 10_000,
    });
    describeRelay(`RedisRelay with ${library} ${of}`, { open: () => driver('suite').openRelay() });
  }
}

describeRedis('With a Redis server', () => {
  let redis: RedisWithClients;
  let server: TestServer;
  let ioredis: Redis;
  let nodeRedis: RedisWithClients['nodeRedis'];
  beforeAll(async () => {
    redis = await startRedisWithClients(program!);
    ({ server, ioredis, nodeRedis } = redis);
  });
  afterAll(() => redis.close());

  describeDrivers(
    'and one server',
    () => ({ ioredis, 'node-redis': nodeRedis }),
    () => ioredis,
  );

  it('removes the entries of leases that ended long ago, and no others', async () => {
    const key = (name: string) => keyOf('sweep', name);
    await ioredis.eval(SETTLED, 1, key('state'), 0);
    const directory = new RedisCluster({ redis: ioredis, prefix: 'sweep' }).openDirectory();
    const renewal = { incarnation: 'alive', leaseMs: 2_000, info: '', rooms: [] };
    await directory.renew(renewal);
    await directory.claim({ room: { service: 'chat', key: 'kept' }, incarnation: 'alive', number: 1 });
    const old = Array.from({ length: 1_500 }, (_, at) => [`chat\0${at}`, `${['dead', 'unknown'][at % 2]}:7:1`]);
    await ioredis.hset(key('rooms'), ...old.flat(), 'chat\0recent', 'recent:8:1');
    await ioredis.zadd(key('leases'), Date.now() - 61_000, 'dead', Date.now() - 59_000, 'recent');
    await ioredis.hset(key('nodes'), 'dead', 'info');
    let renewals = 0;
    for (; (await ioredis.zscore(key('leases'), 'dead')) !== null && renewals < 100; renewals++)
      await directory.renew(renewal);
    expect((await ioredis.hkeys(key('rooms'))).sort()).toEqual(['chat\0kept', 'chat\0recent']);
    expect(await ioredis.hkeys(key('nodes'))).toEqual(['alive']);
    // A page with each renewal: no call is long.
    expect(renewals).toBeGreaterThan(3);
    await directory.close();
  });

  it('leaves a server that has become a replica, though the connection still works', async () => {
    const before = await startRedis(program!, []);
    const proxy = await TcpProxy.start(before.port);
    const apps = {
      ioredis: new Redis({ port: proxy.port, host: '127.0.0.1', lazyConnect: true }),
      nodeRedis: createClient({ url: `redis://127.0.0.1:${proxy.port}` }),
    };
    const directories = Object.values(apps).map((redis) => new RedisCluster({ redis }).openDirectory());
    const renewal = { incarnation: 'node', leaseMs: 2_000, info: '', rooms: [] };
    for (const directory of directories) await directory.renew(renewal);
    proxy.divertTo(server.port);
    const demoted = new Redis({ port: before.port, host: '127.0.0.1' });
    await demoted.replicaof('127.0.0.1', server.port);
    for (const directory of directories) {
      await untilDone(() => directory.renew(renewal));
      await directory.close();
    }
    for (const client of [demoted, apps.ioredis]) client.disconnect();
    await proxy.stop();
    await before.stop();
  });

  it('publishes without replies, unless the user may not do that', async () => {
    await ioredis.call('ACL', 'SETUSER', 'limited', 'on', 'nopass', 'allkeys', 'allchannels', '+@all', '-client|reply');
    const limited = new Redis({ port: server.port, host: '127.0.0.1', username: 'limited', password: 'any' });
    for (const [redis, isAllowed] of [
      [ioredis, true],
      [limited, false],
    ] as const) {
      const [sender, receiver] = [new RedisCluster({ redis }).openRelay(), new RedisCluster({ redis }).openRelay()];
      const received: string[] = [];
      await receiver.open(`receiver-${isAllowed}`, (bytes) => received.push(bytes.toString()));
      await sender.open(`sender-${isAllowed}`, () => undefined);
      await ioredis.config('RESETSTAT');
      for (let sent = 0; sent < 50; sent++) {
        sender.send(`receiver-${isAllowed}`, Buffer.from(`${sent}`));
        await untilDone(async () => expect(received.length).toBe(sent + 1));
      }
      expect(received).toEqual(Array.from({ length: 50 }, (_, at) => `${at}`));
      const use = /cmdstat_client\|reply:calls=(\d+).*rejected_calls=(\d+)/.exec(await ioredis.info('commandstats'));
      const [, skipped, refused] = (use ?? [0, 0, 0]).map(Number);
      expect([skipped > 25, refused <= 1]).toEqual([isAllowed, true]);
      await Promise.all([sender.close(), receiver.close()]);
    }
    limited.disconnect();
  });

  it('checks the settings of the server', async () => {
    const set = (...settings: string[]) => ioredis.config('SET', ...(settings as [string, string]));
    for (const redis of [ioredis, nodeRedis]) {
      const cluster = new RedisCluster({ redis });
      const { description, maxBytesUnderWay } = await cluster.check();
      expect(description).toMatch(/^Redis \d+\.\d+\.\d+: WARNING: no append-only file/);
      expect(maxBytesUnderWay).toBe(4 * 1_024 * 1_024);
      await set('client-output-buffer-limit', 'pubsub 3mb 1mb 60');
      expect((await cluster.check()).maxBytesUnderWay).toBe(512 * 1_024);
      await set('client-output-buffer-limit', 'pubsub 1mb 0 0');
      expect((await cluster.check()).maxBytesUnderWay).toBe(256 * 1_024);
      await set('client-output-buffer-limit', 'pubsub 32mb 8mb 60');
      await set('maxmemory-policy', 'allkeys-lru');
      await cluster.check();
      await set('maxmemory', '500mb');
      await expect(cluster.check()).rejects.toThrow(
        'RedisCluster: with maxmemory-policy allkeys-lru, Redis may remove',
      );
      await set('maxmemory', '0');
      await set('maxmemory-policy', 'noeviction');
    }
    for (const redis of [undefined, {}, 'redis://localhost'])
      expect(() => new RedisCluster({ redis: redis as never })).toThrow(
        'RedisCluster: redis must be a client of ioredis',
      );
    const sentinel = createSentinel({ name: 'rooms', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] });
    expect(() => new RedisCluster({ redis: sentinel as never })).toThrow('Use ioredis: new Redis({ sentinels, name })');
    expect(() => new RedisCluster({ redis: ioredis, prefix: 'a{b}' })).toThrow('RedisCluster: prefix "a{b}" may have');
  });
});

describeRedis('With a Redis Cluster of three nodes', () => {
  let nodes: readonly TestServer[];
  let ioredis: Cluster;
  let nodeRedis: ReturnType<typeof createCluster>;
  beforeAll(async () => {
    nodes = await startRedisCluster(program!);
    const rootNodes = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    ioredis = new Cluster(rootNodes);
    nodeRedis = createCluster({ rootNodes: rootNodes.map((socket) => ({ socket })) });
    nodeRedis.on('error', () => undefined);
  }, 60_000);
  afterAll(async () => {
    ioredis.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  describeDrivers(
    'and a Redis Cluster',
    () => ({ ioredis, 'node-redis': nodeRedis }),
    () => ioredis,
  );
});
