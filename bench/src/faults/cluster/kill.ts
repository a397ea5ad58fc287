import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Fault } from '../fault.js';
import { p99Of } from '../latency.js';
import { answers } from './answers.js';
import { runPlan } from './cluster-run.js';

const P99_MS = 3_000;

export const killOfNode: Fault = {
  name: 'kill',
  title: 'kill -9 of a random node under traffic',
  run: (settings) => {
    const waits: number[] = [];
    return runPlan(
      {
        name: 'kill',
        rounds: 100,
        told: (rounds) => `${rounds} kills`,
        round: async ({ dice, nodes, traffic }) => {
          await sleep(dice.below(1_000));
          const victim = nodes.any();
          const waiting = answers(traffic);
          await victim.kill('SIGKILL');
          waits.push(...(await waiting));
          await victim.start();
          nodes.shuffle(traffic);
        },
        rows: () => [
          atMost('time without an answer after the kill, each client, p99', p99Of(waits), P99_MS, 'ms'),
          atMost('the longest', Math.max(...waits), 60_000, 'ms'),
        ],
      },
      settings,
    );
  },
};
