import { startWorkers } from 'nestjs-jamsocket/workers';
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOurs } from './ours.js';

/** Each worker tests the hand-over when it has started. */
const TEST_MS = 1_500;

const { role } = await startWorkers(() => startOurs(), {
  workers: Number(process.env.WORKERS),
  handOver: process.env.HAND_OVER !== 'off',
});
if (role === 'primary') {
  await sleep(TEST_MS);
  const workers = Object.values(cluster.workers ?? {}).map((worker) => worker!.process.pid);
  process.stdout.write(`pids ${[process.pid, ...workers].join(' ')}\nready\n`);
}
