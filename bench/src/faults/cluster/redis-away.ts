import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Fault } from '../fault.js';
import { answers } from './answers.js';
import { runPlan, type Cluster } from './cluster-run.js';

const BACK_MS = 5_000;

function redisAway(name: string, title: string, away: (cluster: Cluster) => Promise<void>): Fault {
  return {
    name,
    title,
    run: (settings) => {
      const waits: number[] = [];
      return runPlan(
        {
          name,
          rounds: 10,
          told: (rounds) => `${rounds} times`,
          round: async (cluster) => {
            await sleep(cluster.dice.below(1_000));
            await away(cluster);
            waits.push(...(await answers(cluster.traffic)));
          },
          rows: () => [atMost('from its end to an answer, the last client', Math.max(...waits), BACK_MS, 'ms')],
        },
        settings,
      );
    },
  };
}

const paused = (seconds: number) =>
  redisAway(`redis-pause-${seconds}`, `Redis is stopped for ${seconds} s`, async ({ redis }) => {
    redis.pause();
    await sleep(seconds * 1_000);
    redis.resume();
  });

export const REDIS_FAULTS: readonly Fault[] = [
  redisAway('redis-kill', 'kill -9 of Redis (AOF everysec), and a new start', async ({ redis }) => {
    await redis.kill();
    await sleep(1_000);
    await redis.start();
  }),
  paused(5),
  paused(15),
];
