import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { startRedis, type TestServer } from './servers.js';

/** A Redis server, and a client of it from each library. */
export interface RedisWithClients {
  readonly server: TestServer;
  readonly ioredis: Redis;
  readonly nodeRedis: ReturnType<typeof createClient>;
  close(): Promise<void>;
}

/** @param program as `findRedis` finds it */
export async function startRedisWithClients(program: string): Promise<RedisWithClients> {
  const server = await startRedis(program, []);
  const ioredis = new Redis({ port: server.port, host: '127.0.0.1' });
  const nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` });
  nodeRedis.on('error', () => undefined);
  await nodeRedis.connect();
  const close = () => {
    ioredis.disconnect();
    nodeRedis.destroy();
    return server.stop();
  };
  return { server, ioredis, nodeRedis, close };
}
