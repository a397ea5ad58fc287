export { RedisCluster, type RedisClusterOptions } from './redis/redis-cluster.js';
export { RedisStore, type RedisStoreOptions } from './redis/redis-store.js';
export type { IoRedisClient, NodeRedisClient } from './redis/connection/redis-connection.js';
