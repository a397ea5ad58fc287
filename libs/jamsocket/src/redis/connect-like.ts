import { IoRedisConnection } from './ioredis-connection.js';
import { NodeRedisConnection } from './node-redis-connection.js';
import type { IoRedisClient, NodeRedisClient, RedisConnection } from './redis-connection.js';

/**
 * A connection like the application's, whichever of the two libraries that is from.
 * @throws TypeError
 */
export function connectLike(redis: IoRedisClient | NodeRedisClient): RedisConnection {
  const has = (name: string) => typeof (redis as unknown as Record<string, unknown> | undefined)?.[name] === 'function';
  if (has('duplicate') && has('pipeline') && has('callBuffer')) return new IoRedisConnection(redis as IoRedisClient);
  if (has('duplicate') && has('sendCommand') && has('connect'))
    return new NodeRedisConnection(redis as NodeRedisClient);
  throw new TypeError('RedisStore: redis is no client of ioredis, and none of node-redis (npm "redis") 5 or later.');
}
