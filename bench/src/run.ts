import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { chart } from './chart.js';
import { measureCluster } from './cluster/measure-cluster.js';
import { measureWorkers } from './workers/measure-workers.js';
import { measureDurable } from './durable/measure-durable.js';
import { canPin, canRun, RunningPeer, type LoadResult } from './measure.js';
import { measureHeartbeats } from './heartbeats/measure-heartbeats.js';
import { measureInspector } from './inspector.js';
import { CORE_WORKLOADS, nodeVersions, recordNodes } from './nodes.js';
import { measureOwn, type OwnFigures } from './own.js';
import { BARE, LEAST, ofCheckout, OURS, OURS_METERED, PEERS, PLAIN_WS, type Peer } from './peers.js';
import { fallen, ratiosOf, slowedByMetrics, writeRecord } from './quick.js';
import { markdown, type Machine } from './report.js';
import { measureState } from './state/measure-state.js';
import { metricsOf, PER_CPU_SECOND, PER_WRITE, ratioOf, type Results, type Summary } from './statistics.js';
import { CEILING, QUICK, WORKLOADS, type Workload } from './workloads.js';

const RESULTS = new URL('../results/', import.meta.url);
const RECORD = new URL('results.json', RESULTS);
const QUICK_RECORD = new URL('quick.json', RESULTS);
const QUICK_ROUNDS = 3;
const ROUNDS = 5;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    before: { type: 'string' },
    inspector: { type: 'boolean', default: false },
    durable: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    workers: { type: 'boolean', default: false },
    heartbeats: { type: 'boolean', default: false },
    state: { type: 'boolean', default: false },
    nodes: { type: 'string' },
    seconds: { type: 'string' },
    rebase: { type: 'boolean', default: false },
    peers: { type: 'string' },
    workloads: { type: 'string' },
    rounds: { type: 'string' },
    report: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
  },
});

const others = values.before === undefined ? [] : [ofCheckout(values.before)];
const nodes = values.nodes === undefined ? undefined : nodeVersions(values.nodes.split(','));
const all = nodes?.flatMap(({ ours, plain }) => [ours, plain]);
const usual = values.quick ? [OURS, OURS_METERED, PLAIN_WS] : PEERS;
const named = values.peers === undefined ? [] : LEAST;
const peers = all ?? chosen<Peer>([...usual, ...named, ...others], values.peers);
const workloads = chosen<Workload>(
  values.workloads === undefined && nodes !== undefined ? CORE_WORKLOADS : WORKLOADS,
  values.workloads ?? (values.quick ? QUICK.join(',') : undefined),
);
const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS));

function chosen<T extends { name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  return names === undefined ? all : all.filter(({ name }) => names.split(',').includes(name));
}

/** Measures round by round, workload by workload, every peer in turn, so that disturbances affect all of them. */
async function measureAll(workloads: readonly Workload[]): Promise<Results> {
  const results: Results = {};
  for (let round = 0; round < rounds; round++) {
    const running = new Map<Peer, RunningPeer>();
    for (const peer of peers) running.set(peer, await RunningPeer.start(peer));
    try {
      for (const workload of workloads) {
        // Each is first equally often: a measurement affects the next one.
        for (const peer of peers.map((_, at) => peers[(at + round) % peers.length])) {
          if (!canRun(peer, workload)) continue;
          const result = needsNewProcess(workload)
            ? await measureAfresh(peer, workload)
            : await running.get(peer)!.run(workload);
          if (peer === OURS && result.outOfOrder)
            throw new Error(`ours gave ${result.outOfOrder} messages out of order`);
          ((results[workload.name] ??= {})[peer.name] ??= []).push(result);
          const figures = metricsOf(workload).map((metric) => `${metric.name} ${metric.of(result)?.toFixed(2)}`);
          say(`${round + 1}/${rounds}  ${workload.name.padEnd(14)} ${peer.name.padEnd(14)} ${figures.join('  ')}`);
        }
      }
    } finally {
      await Promise.all([...running.values()].map((peer) => peer.stop()));
    }
  }
  return results;
}

/** Memory is measured in new processes, and so is what a server has to do right after it was started. */
function needsNewProcess({ type }: Workload): boolean {
  return type === 'idle' || type === 'storm';
}

async function measureAfresh(peer: Peer, workload: Workload): Promise<LoadResult> {
  const running = await RunningPeer.start(peer);
  try {
    return await running.run(workload);
  } finally {
    await running.stop();
  }
}

function machine(): Machine {
  const versionOf = (name: string) => {
    const manifest = readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  };
  const packages = ['ws', '@nestjs/core', 'socket.io', '@colyseus/core', 'partyserver', 'workerd', 'bun'];
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release().split('.').slice(0, 2).join('.')} ${arch()}`,
    isPinned: canPin,
    rounds,
    versions: {
      Node: process.versions.node,
      ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    },
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Record {
  readonly machine: Machine;
  readonly own: OwnFigures;
  readonly ceiling: LoadResult;
  readonly results: Results;
}

function write(record: Record): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(new URL('results.md', RESULTS), markdown({ ...record, workloads: WORKLOADS, peers: PEERS }));
  writeFileSync(new URL('chart.svg', RESULTS), chart(WORKLOADS, PEERS, record.results));
  say('Written to bench/results.');
}

function sayRatios(results: Results): void {
  for (const workload of workloads) {
    const metrics = [
      ...metricsOf(workload),
      ...(values.quick || values.before !== undefined || values.peers !== undefined ? [PER_CPU_SECOND] : []),
      ...(values.before !== undefined && workload.type === 'closed' ? [PER_WRITE] : []),
    ];
    for (const metric of metrics) {
      for (const { name } of peers.filter((peer) => peer !== OURS)) {
        const { [OURS.name]: ours, [name]: theirs } = results[workload.name] ?? {};
        const ratio = ours && theirs && ratioOf(ours, theirs, metric);
        if (ratio) say(`${workload.name.padEnd(14)} ${metric.name.padEnd(12)} ours / ${name}: ${spread(ratio)}`);
      }
    }
  }
}

function spread({ median, min, max }: Summary): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

/** A ratio must be too low twice in a row to count as a fault. */
async function guard(results: Results): Promise<void> {
  const ratios = ratiosOf(results, workloads);
  if (values.rebase) return writeRecord(QUICK_RECORD, ratios);
  const tooLow = [...fallen(ratios, QUICK_RECORD), ...slowedByMetrics(results, workloads)];
  const suspects = tooLow.map(({ name }) => name);
  const again = workloads.filter(({ name }) => suspects.includes(name));
  if (again.length > 0) say(`Once more, since it has fallen: ${suspects.join(', ')}`);
  const second = again.length > 0 ? await measureAll(again) : {};
  const faults = fallen(ratiosOf(second, again), QUICK_RECORD);
  const slowed = slowedByMetrics(second, again);
  for (const { name, ratio, before } of faults)
    say(`${name} has fallen: ${ratio} times the plain ws loop, was ${before}`);
  for (const { name, ratio } of slowed) say(`${name} has only ${ratio} of its throughput with metrics on`);
  const isFine = faults.length + slowed.length === 0;
  if (isFine) say('No ratio has fallen by more than a third.');
  process.exitCode = isFine ? 0 : 1;
}

async function main(): Promise<void> {
  if (values.inspector) {
    process.exitCode = await measureInspector(say);
    return;
  }
  if (values.heartbeats) {
    process.exitCode = await measureHeartbeats(say, values.rounds === undefined ? undefined : rounds);
    return;
  }
  if (values.state) return measureState(say, rounds, Number(values.seconds ?? 10));
  if (values.durable) {
    const parts = values.workloads?.split(',') as ('messages' | 'rooms')[] | undefined;
    process.exitCode = await measureDurable(say, values.rounds === undefined ? undefined : rounds, parts);
    return;
  }
  if (values.workers) {
    process.exitCode = await measureWorkers(say, values.rounds === undefined ? undefined : rounds);
    return;
  }
  if (values.cluster) {
    process.exitCode = await measureCluster(
      say,
      values.rounds === undefined ? undefined : rounds,
      values.workloads?.split(','),
    );
    return;
  }
  if (values.report) {
    // Prints the tables again, from recorded figures.
    const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Record;
    return write({ ...record, ceiling: record.ceiling ?? (await measureAfresh(BARE, CEILING)) });
  }
  // First, so that a mistake does not show only after an hour.
  const where = machine();
  const results = await measureAll(workloads);
  if (nodes !== undefined)
    return recordNodes(results, nodes, `${where.date}, ${where.cpu}, ${where.cores} cores, ${where.os}`);
  sayRatios(results);
  if (values.quick && peers.includes(PLAIN_WS)) {
    await guard(results);
  } else if (values.update) {
    // Measures these workloads again with all peers, and ours alone; the other figures stay.
    const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Record;
    write({ ...record, own: await measureOwn(), results: { ...record.results, ...results } });
  } else if (
    !values.quick &&
    values.before === undefined &&
    values.peers === undefined &&
    values.workloads === undefined
  ) {
    const own = await measureOwn();
    write({ machine: where, own, ceiling: await measureAfresh(BARE, CEILING), results });
  }
}

await main();
