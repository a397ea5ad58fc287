import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { RedisCluster } from '../libs/jamsocket/src/redis/redis-cluster.js';
import { Node, Pair, ROOM, until } from './support/cluster-pair.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';
import { TcpProxy } from './support/tcp-proxy.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;
describeRedis('A cluster on Redis', () => {
  let server: TestServer;
  let proxy: TcpProxy;
  let raw: Redis;
  let ioredis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  let pair: Pair;
  beforeAll(async () => {
    server = await startRedis(program!, []);
    proxy = await TcpProxy.start(server.port);
    const quiet = { host: '127.0.0.1', retryStrategy: () => 50 };
    raw = new Redis({ ...quiet, port: server.port });
    ioredis = new Redis({ ...quiet, port: proxy.port });
    for (const client of [raw, ioredis]) client.on('error', () => undefined);
    nodeRedis = createClient({ url: `redis://127.0.0.1:${proxy.port}` }).on('error', () => undefined);
    pair = new Pair(new Node(new RedisCluster({ redis: ioredis })), new Node(new RedisCluster({ redis: nodeRedis })));
    await pair.start();
  }, 60_000);
  afterAll(async () => {
    await pair.close();
    for (const client of [raw, ioredis]) client.disconnect();
    if (nodeRedis.isOpen) nodeRedis.destroy();
    await proxy.stop();
    await server.stop();
  });

  it('misses nothing when all subscribers are dropped', async () => {
    await raw.client('KILL', 'TYPE', 'pubsub');
    await pair.isWell();
    expect(pair.a.links.counts.gaps + pair.b.links.counts.gaps).toBeGreaterThan(0);
    expect(await pair.ownsTheRoom()).toBe(true);
  });

  it('misses nothing when Redis drops a subscriber for its output limit', async () => {
    await raw.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 0 0');
    const channel = `jamsocket:relay:${pair.b.lease.incarnation}`;
    const flood = `for at = 1, 200 do redis.call('PUBLISH', KEYS[1], string.rep('x', 60000)) end`;
    const idsOf = async () =>
      [...String(await raw.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).matchAll(/\bid=(\d+)/g)].join();
    const before = await idsOf();
    await raw.eval(flood, 1, channel);
    await until(async () => (await idsOf()) !== before);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    await raw.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
  });

  it('finds out by itself when its connections are dead and nobody says so', async () => {
    proxy.freeze();
    const reconnects = pair.a.links.counts.reconnects + pair.b.links.counts.reconnects;
    await until(() => pair.a.links.counts.reconnects + pair.b.links.counts.reconnects >= reconnects + 2);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
  });

  it('pauses while Redis is stopped, and leaves no entry of a claim that was given up', async () => {
    pair.a.events.length = pair.b.events.length = 0;
    server.pause();
    await until(() => pair.a.events.includes('suspended') && pair.b.events.includes('suspended'));
    const given = await pair.a.lease.claim({ service: 'chat', key: 'given up' }, 1, 200).catch(({ code }) => code);
    expect(given).toBe('directory_failed');
    server.resume();
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    await until(async () => (await raw.hlen('{jamsocket:directory}:rooms')) === 1);
    pair.a.events.length = pair.b.events.length = 0;
  });

  it('keeps its rooms when Redis is killed, has kept nothing and comes back', async () => {
    await server.kill();
    await until(() => pair.a.events.includes('suspended'));
    server = await startRedis(program!, [], server);
    await pair.isWell();
    expect(await pair.ownsTheRoom()).toBe(true);
    expect(pair.a.lease.fenceOf(ROOM)).toBe(pair.fence);
    expect(pair.a.events.filter((event) => event.startsWith('lost'))).toEqual([]);
  });

  it('has one owner, whose fence grows, when a replica takes over that has not got the last claims', async () => {
    const replica = await startRedis(program!, []);
    const other = new Redis({ port: replica.port, host: '127.0.0.1' });
    await other.replicaof('127.0.0.1', server.port);
    await until(async () => (await other.info('replication')).includes('master_link_status:up'));
    await until(async () => (await other.hlen('{jamsocket:directory}:rooms')) === 1);
    // From now on it gets nothing more: the claims below are lost.
    await other.replicaof('NO', 'ONE');
    const claimed = await pair.a.lease.claim(ROOM, 1, 5_000);
    const late = { service: 'chat', key: 'late' };
    const lateClaim = await pair.a.lease.claim(late, 1, 5_000);
    expect([claimed.kind, lateClaim.kind]).toEqual(['claimed', 'claimed']);
    await server.kill();
    proxy.moveTo(replica.port);
    await pair.isWell();
    // Until the next check of its rooms, the new server has the entry of an earlier claim.
    await until(() => pair.ownsTheRoom());
    await pair.isWell();
    expect((await pair.b.directory.locate(late))?.fence).toBe(pair.a.lease.fenceOf(late));
    const next = await pair.a.lease.claim(late, 1, 5_000);
    expect(next.kind === 'claimed' && next.fence > pair.a.lease.fenceOf(ROOM)!).toBe(true);
    other.disconnect();
    await server.stop();
    server = replica;
  });
});
