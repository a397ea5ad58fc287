import { IoRedisConnection } from './ioredis-connection.js';
import { NodeRedisConnection } from './node-redis-connection.js';
import type { IoRedisClient, NodeRedisClient, RedisConnection } from './redis-connection.js';

/**
 * Opens a connection with the same library and settings as the application's client.
 * @throws TypeError
 */
export function connectLike(redis: IoRedisClient | NodeRedisClient): RedisConnection {
  const has = (name: string) => typeof (redis as unknown as Record<string, unknown> | undefined)?.[name] === 'function';
  if (has('duplicate') && has('pipeline') && has('callBuffer')) return new IoRedisConnection(redis as IoRedisClient);
  if (has('duplicate') && has('sendCommand') && has('connect'))
    return new NodeRedisConnection(redis as NodeRedisClient);
  throw new TypeError('RedisStore: redis must be a client of ioredis, or of node-redis (npm "redis") 5 or later.');
}
