import { setTimeout as sleep } from 'node:timers/promises';
import { Tally } from '../crowd.js';
import { atMost, type Fault } from '../fault.js';
import { longestSilence } from './answers.js';
import { runPlan } from './cluster-run.js';

/** Each node is stopped with SIGTERM and started again, one after the other. */
export const rollingDeploy: Fault = {
  name: 'deploy',
  title: 'Rolling deploy of three nodes under traffic',
  run: (settings) => {
    const ends = new Tally();
    const silences: number[] = [];
    let longestMs = 0;
    return runPlan(
      {
        name: 'deploy',
        rounds: 20,
        told: (rounds) => `${rounds} deploys`,
        round: async ({ nodes, traffic }) => {
          const from = performance.now();
          for (const victim of nodes.all) {
            // A load balancer that watches readiness, and the pause before SIGTERM that lets it notice.
            nodes.out.add(victim);
            const { end, tookMs } = await victim.kill('SIGTERM');
            ends.add(end);
            longestMs = Math.max(longestMs, tookMs);
            await victim.start();
            nodes.out.delete(victim);
            await sleep(500);
          }
          silences.push(longestSilence(traffic, from));
          nodes.shuffle(traffic);
        },
        rows: () => [
          atMost('longest silence of any client', Math.max(...silences), 2_000, 'ms'),
          atMost('from the SIGTERM to the end, the longest', longestMs, 6_000, 'ms'),
          {
            what: 'processes ended with',
            bound: 'SIGTERM or 0',
            measured: `${ends}`,
            isMet: ends.hasOnly('SIGTERM', 0),
          },
        ],
      },
      settings,
    );
  },
};
