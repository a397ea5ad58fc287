import { loadavg } from 'node:os';
import { RedisServer } from '../faults/cluster/redis-server.js';
import type { Fault, Row } from '../faults/fault.js';
import { renewTable } from '../faults/table.js';
import { CLUSTER_WORKLOADS } from './cluster-workloads.js';
import { measurePeers } from './peers-cost.js';
import { RelayCost } from './relay-cost.js';
import { measureRenewals } from './renewal-cost.js';

const ROUNDS = 5;
const RECORD = new URL('../../results/cluster-cost.md', import.meta.url);

type Say = (line: string) => void;
type Part = Pick<Fault, 'name' | 'title'> & { run(redis: RedisServer, rounds: number): Promise<Row[]> };

/** The two processes are started once and stay: a process that has just started compiles while it is measured. */
let relay: RelayCost | undefined;

const PARTS: readonly Part[] = [
  ...CLUSTER_WORKLOADS.map((measured) => ({
    name: measured.workload.name,
    title: measured.title,
    run: async (redis: RedisServer, rounds: number) =>
      (relay ??= await RelayCost.start(redis)).measure(measured, rounds),
  })),
  { name: 'peers', title: 'fan-out to 100 over two nodes', run: measurePeers },
  { name: 'renewals', title: 'renewals', run: measureRenewals },
];

/**
 * Measures what a cluster costs, in CPU seconds of each process: all clients in the process that has the room, and all
 * clients in another one; others' clusters beside it; and what Redis does for 10,000 rooms.
 * @param only names of parts @returns the exit code
 */
export async function measureCluster(say: Say, rounds = ROUNDS, only?: readonly string[]): Promise<number> {
  const redis = await RedisServer.start();
  const results: { fault: Part; rows: Row[] }[] = [];
  try {
    for (const part of PARTS) {
      if (only !== undefined && !only.includes(part.name)) continue;
      say(`${part.title} (load average ${loadavg()[0].toFixed(0)})`);
      const rows = await part.run(redis, rounds);
      for (const { what, bound, measured, isMet } of rows)
        say(`  ${isMet ? 'ok  ' : 'MISS'}  ${what}: ${measured} (${bound})`);
      results.push({ fault: part, rows });
    }
  } finally {
    await relay?.stop();
    await redis.stop();
  }
  if (rounds >= ROUNDS) renewTable(RECORD, 'What a cluster costs', PARTS, results);
  return results.every(({ rows }) => rows.every(({ isMet }) => isMet)) ? 0 : 1;
}
