import type { Row, Settings } from '../fault.js';
import { auditOf, auditRows } from '../durable/audit.js';
import { Dice } from '../durable/dice.js';
import { inRounds } from '../durable/rounds.js';
import type { Traffic } from '../durable/traffic.js';
import { RedisServer } from './redis-server.js';
import { Nodes, type Seat } from './nodes.js';

/** What a fault does to a cluster under traffic, again and again. */
export interface Plan {
  readonly name: string;
  /** Rounds, if the settings do not say. */
  readonly rounds: number;
  /** What happened in these rounds, such as "20 kills". */
  told(rounds: number): string;
  readonly redisSeat?: Seat;
  readonly seats?: readonly Seat[];
  readonly nodeArgs?: readonly string[];
  /** Before the nodes start. @returns the URL they use, if it is not that of the server */
  prepare?(redis: RedisServer): Promise<string | undefined>;
  round(cluster: Cluster): Promise<void>;
  rows(rounds: number): Row[];
  end?(): Promise<void>;
}

export interface Cluster {
  readonly dice: Dice;
  readonly redis: RedisServer;
  readonly nodes: Nodes;
  readonly traffic: Traffic;
}

/** Runs a plan on three nodes of the demo and one redis-server, and compares what clients saw with what they sent. */
export async function runPlan(plan: Plan, settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  let redis: RedisServer | undefined;
  let nodes: Nodes | undefined;
  let traffic: Traffic | undefined;
  try {
    redis = await RedisServer.start([], plan.redisSeat);
    const url = (await plan.prepare?.(redis)) ?? redis.url;
    nodes = await Nodes.start(url, dice, plan);
    traffic = await nodes.traffic(plan.name);
    const cluster: Cluster = { dice, redis, nodes, traffic };
    const all = traffic;
    const round = async () => {
      await all.until(() => all.areOpen === all.clients.length, 'everyone is in');
      await plan.round(cluster);
    };
    const count = await inRounds(settings, plan.rounds, round, (done) => `${plan.told(done)}, ${all.sent} entries`);
    await traffic.settle();
    return [...auditRows(auditOf(traffic.clients), traffic.clients, plan.told(count)), ...plan.rows(count)];
  } finally {
    traffic?.end();
    await nodes?.stop();
    await redis?.stop();
    await plan.end?.();
  }
}
