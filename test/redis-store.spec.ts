import { afterAll, beforeAll, describe } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisStore } from 'nestjs-jamsocket/redis';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { createClient } from 'redis';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

describeRedis('With a Redis server', () => {
  let server: TestServer;
  let ioredis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  beforeAll(async () => {
    server = await startRedis(program!, []);
    ioredis = new Redis({ port: server.port, host: '127.0.0.1' });
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` });
    nodeRedis.on('error', () => undefined);
    await nodeRedis.connect();
  });
  afterAll(async () => {
    ioredis.disconnect();
    nodeRedis.destroy();
    await server.stop();
  });

  for (const library of ['ioredis', 'node-redis']) {
    describeRoomStore(`RedisStore with ${library}`, {
      open: (prefix) => new RedisStore({ redis: library === 'ioredis' ? ioredis : nodeRedis, prefix }),
      faults: {
        refuse: async () => {
          await ioredis.config('SET', 'maxmemory', '1');
          return () => ioredis.config('SET', 'maxmemory', '0');
        },
        hang: async () => {
          server.pause();
          return () => server.resume();
        },
      },
      damage: async (prefix, { key }) => {
        const keys = await ioredis.keys(`{${prefix}:*}log:*:${key}`);
        await ioredis.del(...keys);
      },
    });
  }
});
