import { afterAll, beforeAll, describe } from '@jest/globals';
import { RedisStore } from 'nestjs-jamsocket/redis';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { startRedisWithClients, type RedisWithClients } from './support/redis-clients.js';
import { findRedis, hasServer } from './support/servers.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

describeRedis('With a Redis server', () => {
  let redis: RedisWithClients;
  beforeAll(async () => {
    redis = await startRedisWithClients(program!);
  });
  afterAll(() => redis.close());

  for (const library of ['ioredis', 'node-redis']) {
    describeRoomStore(`RedisStore with ${library}`, {
      open: (prefix) => new RedisStore({ redis: library === 'ioredis' ? redis.ioredis : redis.nodeRedis, prefix }),
      faults: {
        refuse: async () => {
          await redis.ioredis.config('SET', 'maxmemory', '1');
          return () => redis.ioredis.config('SET', 'maxmemory', '0');
        },
        hang: async () => {
          redis.server.pause();
          return () => redis.server.resume();
        },
      },
      damage: async (prefix, { key }) => {
        const keys = await redis.ioredis.keys(`{${prefix}:*}log:*:${key}`);
        await redis.ioredis.del(...keys);
      },
    });
  }
});
