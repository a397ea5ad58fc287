import { expect, it } from '@jest/globals';
import { createTestRoom } from 'nestjs-jamsocket/testing';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { PostgresStore } from 'nestjs-jamsocket/postgres';
import { RedisCluster, RedisStore } from 'nestjs-jamsocket/redis';
import { startWorkers } from 'nestjs-jamsocket/workers';

class Room {}

const never = undefined as never;

it.each<[string, (options: never) => unknown, object]>([
  ['LmdbStore', (options) => new LmdbStore(options), { path: 'x', folder: 'y' }],
  ['PostgresStore', (options) => new PostgresStore(options), { pool: { connect() {} }, timeOutMs: 1 }],
  ['RedisStore', (options) => new RedisStore(options), { redis: {}, keyPrefix: 'x' }],
  ['RedisCluster', (options) => new RedisCluster(options), { redis: {}, grace: 5 }],
  ['startWorkers', (options) => startWorkers(() => never, options), { workers: 2, handover: false }],
  ['createTestRoom', (options) => createTestRoom(Room, options), { provider: [] }],
])('%s names an option that it does not have', async (owner, construct, options) => {
  const unknown = Object.keys(options).at(-1);
  const run = async () => construct(options as never);
  await expect(run()).rejects.toThrow(`${owner} has no option "${unknown}": it has `);
});

it.each<[string, (options: never) => unknown]>([
  ['PostgresStore', (options) => new PostgresStore(options)],
  ['RedisStore', (options) => new RedisStore(options)],
  ['RedisCluster', (options) => new RedisCluster(options)],
  ['startWorkers', (options) => startWorkers(() => never, options)],
])('%s without options says what it needs', async (owner, construct) => {
  const run = async () => construct(never);
  await expect(run()).rejects.toThrow(`${owner} needs an object with `);
});
