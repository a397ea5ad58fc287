import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { ClientOfflineError } from 'redis';
import { redisFailure } from './describe-redis.js';

it('a command without a connection fails in words about Redis, not about settings of its client', async () => {
  const client = new Redis({ lazyConnect: true, enableOfflineQueue: false });
  const offline: unknown = await client.get('key').catch((error: unknown) => error);
  client.disconnect();
  for (const error of [offline, new ClientOfflineError()])
    expect(redisFailure(error)).toBe('Redis failed: there is no connection to it');
});

it('any other error is told as it is', () => {
  expect(redisFailure(new Error('OOM command not allowed'))).toBe('Redis failed: OOM command not allowed');
  expect(redisFailure('unknown')).toBe('Redis failed: unknown');
});
