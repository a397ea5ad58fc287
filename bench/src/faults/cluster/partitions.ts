import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Fault } from '../fault.js';
import { answers } from './answers.js';
import { runPlan } from './cluster-run.js';
import { canMakeNetworks, Network, type Host } from './network.js';

const BACK_MS = 5_000;
/** Longer than a lease, shorter than the grace of 10 s. */
const CUT_MS = 6_000;

interface Cut {
  begin(node: Host, redis: Host, clients: string): void;
  end(node: Host, redis: Host, clients: string): void;
}

function partition(name: string, title: string, cut: Cut): Fault {
  return {
    name,
    title: `${title} for ${CUT_MS / 1_000} s (network namespaces)`,
    run: (settings) => {
      if (!canMakeNetworks()) throw new Error('This needs network namespaces: run it as root, with iproute2.');
      const network = new Network(4);
      const [redis, ...seats] = network.hosts;
      const waits: number[] = [];
      return runPlan(
        {
          name,
          rounds: 10,
          redisSeat: redis,
          seats,
          told: (rounds) => `${rounds} times`,
          round: async ({ dice, nodes, traffic }) => {
            const at = dice.below(seats.length);
            nodes.out.add(nodes.all[at]);
            cut.begin(seats[at], redis, network.clients);
            await sleep(CUT_MS);
            cut.end(seats[at], redis, network.clients);
            nodes.out.delete(nodes.all[at]);
            waits.push(...(await answers(traffic)));
            nodes.shuffle(traffic);
          },
          rows: () => [atMost('from its end to an answer, the last client', Math.max(...waits), BACK_MS, 'ms')],
          end: async () => network.remove(),
        },
        settings,
      );
    },
  };
}

export const PARTITIONS: readonly Fault[] = [
  partition('partition-redis', 'A node and Redis do not reach each other', {
    begin: (node, redis) => (node.cutTo(redis.host), redis.cutTo(node.host)),
    end: (node, redis) => (node.mendTo(redis.host), redis.mendTo(node.host)),
  }),
  partition('partition-to-redis', 'A node does not reach Redis, which reaches the node', {
    begin: (node, redis) => node.cutTo(redis.host),
    end: (node, redis) => node.mendTo(redis.host),
  }),
  partition('partition-from-redis', 'A node reaches Redis, which does not reach the node', {
    begin: (node, redis) => redis.cutTo(node.host),
    end: (node, redis) => redis.mendTo(node.host),
  }),
  partition('partition-clients', 'A node does not reach its clients', {
    begin: (node, _redis, clients) => node.cutTo(clients),
    end: (node, _redis, clients) => node.mendTo(clients),
  }),
];
