import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeDirectory, describeRelay } from 'nestjs-jamsocket/testing';
import { createClient } from 'redis';
import { connectLike } from '../libs/jamsocket/src/redis/connect-like.js';
import { RedisDirectory } from '../libs/jamsocket/src/redis/redis-directory.js';
import { RedisRelay } from '../libs/jamsocket/src/redis/redis-relay.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

describeRedis('With a Redis server', () => {
  let server: TestServer;
  let ioredis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  let runId: string;
  beforeAll(async () => {
    server = await startRedis(program!, []);
    ioredis = new Redis({ port: server.port, host: '127.0.0.1' });
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` });
    nodeRedis.on('error', () => undefined);
    await nodeRedis.connect();
    runId = /run_id:(\w+)/.exec(await ioredis.info('server'))![1];
  });
  afterAll(async () => {
    ioredis.disconnect();
    nodeRedis.destroy();
    await server.stop();
  });

  for (const library of ['ioredis', 'node-redis']) {
    describeDirectory(`RedisDirectory with ${library}`, {
      open: async (name) => {
        await ioredis.hset(`{${name}:directory}:state`, 'server', runId);
        return new RedisDirectory(connectLike(library === 'ioredis' ? ioredis : nodeRedis, 'a test'), name);
      },
      forget: async (name) => {
        await ioredis.del(...['state', 'rooms', 'leases', 'nodes'].map((key) => `{${name}:directory}:${key}`));
      },
      leaseMs: 400,
    });

    describeRelay(`RedisRelay with ${library}`, {
      open: () => {
        const redis = library === 'ioredis' ? ioredis : nodeRedis;
        return new RedisRelay(redis, connectLike(redis, 'a test'), 'suite');
      },
    });
  }

  it('removes the entries of leases that ended long ago, and no others', async () => {
    const key = (name: string) => `{sweep:directory}:${name}`;
    await ioredis.hset(key('state'), 'server', runId);
    const directory = new RedisDirectory(connectLike(ioredis, 'a test'), 'sweep');
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
});
