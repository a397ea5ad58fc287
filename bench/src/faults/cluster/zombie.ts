import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly, type Fault } from '../fault.js';
import { p99Of } from '../latency.js';
import { answers } from './answers.js';
import { runPlan } from './cluster-run.js';

const STOPPED_MS = 7_000;

/** A node that has a room is stopped for longer than its lease, and then goes on. */
export const zombie: Fault = {
  name: 'zombie',
  title: `SIGSTOP of an owner for ${STOPPED_MS / 1_000} s, then SIGCONT`,
  run: (settings) => {
    const waits: number[] = [];
    let stillOwner = 0;
    return runPlan(
      {
        name: 'zombie',
        rounds: 50,
        told: (rounds) => `${rounds} stops`,
        round: async ({ dice, nodes, traffic }) => {
          const { roomName } = traffic.clients[dice.below(traffic.clients.length)];
          const owner = await nodes.ownerOf(roomName);
          if (owner === undefined) throw new Error(`Nobody owns ${roomName}, which has clients.`);
          nodes.out.add(owner);
          process.kill(owner.pid, 'SIGSTOP');
          await sleep(STOPPED_MS);
          // Clients of the other nodes have made one of these the owner.
          if ((await nodes.ownerOf(roomName)) === owner) stillOwner++;
          process.kill(owner.pid, 'SIGCONT');
          nodes.out.delete(owner);
          waits.push(...(await answers(traffic)));
          nodes.shuffle(traffic);
        },
        rows: () => [
          exactly('rooms that the directory still gave to the stopped node', stillOwner, 0),
          atMost('from the SIGCONT to an answer, each client, p99', p99Of(waits), 5_000, 'ms'),
        ],
      },
      settings,
    );
  },
};
