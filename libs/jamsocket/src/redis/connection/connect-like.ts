import { IoRedisConnection } from './ioredis-connection.js';
import { isNodeRedisCluster, NodeRedisConnection } from './node-redis-connection.js';
import {
  type ConnectionTimes,
  type IoRedisClient,
  type NodeRedisClient,
  type RedisConnection,
  STORE_TIMES,
} from './redis-connection.js';

/**
 * Opens a connection with the same library and settings as the application's client.
 * @param user who needs it, for the error
 * @throws TypeError if `redis` is not a client
 */
export function connectLike(
  redis: IoRedisClient | NodeRedisClient,
  user: string,
  times: ConnectionTimes = STORE_TIMES,
): RedisConnection {
  return isIoRedis(redis, user) ? new IoRedisConnection(redis, times) : new NodeRedisConnection(redis, times);
}

/** @throws TypeError if it is not a client */
export function isClusterClient(redis: IoRedisClient | NodeRedisClient, user: string): boolean {
  return isIoRedis(redis, user) ? redis.isCluster : isNodeRedisCluster(redis);
}

/** @throws TypeError if it is a client of neither library */
export function isIoRedis(redis: IoRedisClient | NodeRedisClient, user: string): redis is IoRedisClient {
  const has = (name: string) => typeof (redis as unknown as Record<string, unknown> | undefined)?.[name] === 'function';
  if (has('duplicate') && has('pipeline') && has('callBuffer')) return true;
  if (has('duplicate') && has('sendCommand') && has('connect')) return false;
  if (has('sendCommand') && has('getSentinelNode'))
    throw new TypeError(
      `${user}: redis is a client of node-redis for Sentinel, which sends commands again whose reply was lost. Use ioredis: new Redis({ sentinels, name }).`,
    );
  throw new TypeError(`${user}: redis must be a client of ioredis, or of node-redis (npm "redis") 5 or later.`);
}
