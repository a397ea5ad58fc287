import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Fault } from '../fault.js';
import { answers } from './answers.js';
import { runPlan } from './cluster-run.js';

const HOUR_MS = 3_600_000;
const BACK_MS = 5_000;
const preload = new URL('./settable-clock.js', import.meta.url).href;

/** The wall clock of one process jumps. Its monotonic clock does not, as when an administrator sets the clock. */
export const clockJumps: Fault = {
  name: 'clock',
  title: 'The clock of one node is set an hour forward, and back',
  run: (settings) => {
    const waits: number[] = [];
    return runPlan(
      {
        name: 'clock',
        rounds: 10,
        nodeArgs: ['--import', preload],
        told: (rounds) => `${rounds} times`,
        round: async ({ nodes, traffic }) => {
          const victim = nodes.any();
          for (const aheadMs of [HOUR_MS, 0]) {
            victim.send({ aheadMs });
            waits.push(...(await answers(traffic)));
            await sleep(1_000);
          }
        },
        rows: () => [atMost('from the jump to an answer, the last client', Math.max(...waits), BACK_MS, 'ms')],
      },
      settings,
    );
  },
};
