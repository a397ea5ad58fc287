import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { MIB } from '../../fault.js';
import { growthRow } from './edge-cluster.js';
import { edgeFault, inPairs, join } from './edge-fault.js';

const STREAM_BYTES_A_SECOND = 4 * MIB;
const STOPPED_MS = 5_000;

export const stoppedEdge = edgeFault(
  'edge-stopped',
  `An edge is stopped for ${STOPPED_MS / 1_000} s while a room sends ${STREAM_BYTES_A_SECOND / MIB} MiB/s to it`,
  async (cluster) => {
    await cluster.own('stream/stopped');
    const redis = new Redis(cluster.redis.url);
    const talker = await join(cluster.owner.url('stream/stopped'));
    const before = await cluster.figures();
    const redisBefore = await redisBytes(redis, 'used_memory');
    await redis.config('RESETSTAT');
    let [held, most] = [0, 0];
    let guest: WebSocket | undefined;
    const p99 = await inPairs(
      cluster,
      async () => {
        guest = await join(cluster.edge.url('stream/stopped'));
        guest.on('message', () => undefined);
        talker.send(`${STREAM_BYTES_A_SECOND}`);
        process.kill(cluster.edge.pid, 'SIGSTOP');
        setTimeout(() => process.kill(cluster.edge.pid, 'SIGCONT'), STOPPED_MS);
      },
      async () => {
        const figures = await cluster.figures();
        held = Math.max(held, figures.heldBytes);
        most = Math.max(most, figures.mostRss);
        talker.send('0');
        guest!.terminate();
        await sleep(3_000);
      },
    );
    const after = await cluster.figures();
    const redisMost = await redisBytes(redis, 'used_memory_peak');
    redis.disconnect();
    talker.terminate();
    return [
      growthRow("the owner's heap and external memory at the end of it", before.heldBytes, held, 24),
      growthRow("the owner's largest RSS meanwhile, garbage included", before.rss, most, 96),
      growthRow("the owner's heap and external memory after it", before.heldBytes, after.heldBytes, 8),
      growthRow("Redis's largest memory", redisBefore, redisMost, 8),
      p99,
    ];
  },
);

async function redisBytes(redis: Redis, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(await redis.info('memory'))![1]);
}
