import { parseArgs } from 'node:util';
import { RunningPeer } from './measure.js';
import { OURS, OURS_METERED, type Peer } from './peers.js';
import { WORKLOADS, type Workload } from './workloads.js';

/**
 * What metrics cost, where it is less than the difference between two processes of the same program: blocks of new
 * processes, two of them without metrics, measured in turn several times each. `node dist/twins.js --workloads connect`
 */
const RUNS = 4;
const TIMES = { warmUpMs: 400, measureMs: 800 };
/** Once for each process, so that its code is compiled. */
const FIRST_TIMES = { warmUpMs: 1_500, measureMs: 500 };
const DRAWS = 2_000;
const TWIN: Peer = { ...OURS, name: 'its twin' };
const PROGRAMS: readonly Peer[] = [OURS, TWIN, OURS_METERED];

const { values } = parseArgs({
  options: { workloads: { type: 'string', default: 'connect,many-rooms' }, blocks: { type: 'string', default: '7' } },
});

/** Logarithms of deliveries for each second of CPU, minus the mean of those without metrics: the median of each process. */
async function measureBlock(workload: Workload): Promise<Map<Peer, number>> {
  const running = new Map<Peer, RunningPeer>();
  const found = new Map<Peer, number[]>(PROGRAMS.map((peer) => [peer, []]));
  try {
    for (const peer of shuffled(PROGRAMS)) running.set(peer, await RunningPeer.start(peer));
    for (const server of running.values()) await server.run({ ...workload, ...FIRST_TIMES });
    for (let run = 0; run < RUNS; run++) {
      const round = new Map<Peer, number>();
      for (const peer of shuffled(PROGRAMS)) {
        const { perServerCpuSecond } = await running.get(peer)!.run({ ...workload, ...TIMES });
        round.set(peer, Math.log(perServerCpuSecond!));
      }
      const base = (round.get(OURS)! + round.get(TWIN)!) / 2;
      for (const [peer, log] of round) found.get(peer)!.push(log - base);
    }
  } finally {
    for (const server of running.values()) await server.stop();
  }
  return new Map([...found].map(([peer, logs]) => [peer, middleOf(logs)]));
}

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** The median of a few. */
function middleOf(logs: readonly number[]): number {
  const sorted = [...logs].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function meanOf(logs: readonly number[]): number {
  return logs.reduce((sum, log) => sum + log, 0) / logs.length;
}

/** The mean of the blocks, and where it lies with 95 % confidence (bootstrap). */
function summary(logs: readonly number[]): string {
  const means = Array.from({ length: DRAWS }, () =>
    meanOf(logs.map(() => logs[Math.floor(Math.random() * logs.length)])),
  ).sort((a, b) => a - b);
  const [mean, low, high] = [meanOf(logs), means[Math.floor(DRAWS * 0.025)], means[Math.floor(DRAWS * 0.975)]];
  return [mean, low, high].map((log) => Math.exp(log).toFixed(3)).join('  ');
}

for (const name of values.workloads.split(',')) {
  const workload = WORKLOADS.find((one) => one.name === name)!;
  const blocks: Map<Peer, number>[] = [];
  for (let block = 0; block < Number(values.blocks); block++) blocks.push(await measureBlock(workload));
  for (const peer of PROGRAMS) {
    process.stdout.write(
      `${name.padEnd(14)} ${peer.name.padEnd(14)} ${summary(blocks.map((one) => one.get(peer)!))}\n`,
    );
  }
}
