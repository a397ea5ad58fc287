import { openDatabase, type Database } from '../faults/durable/databases.js';
import { RunningPeer, type LoadResult } from '../measure.js';
import { OURS_DURABLE, type Peer } from '../peers.js';
import { ratioOf, summaryOf, type Metric, type Results } from '../statistics.js';
import { WORKLOADS, type Paced, type Workload } from '../workloads.js';
import { measureAlone, type AloneFigures } from './alone.js';
import { envOf } from './measured-store.js';

type Say = (line: string) => void;
/** What can be measured alone. */
const PARTS = ['messages', 'rooms'] as const;
type Part = (typeof PARTS)[number];

const ROUNDS = 5;
const MEASURED = ['echo', 'chatty'];
const THROUGHPUT: Metric = { name: '', unit: '', lessIsBetter: false, of: ({ perSecond }) => perSecond };
const P50: Metric = { name: '', unit: '', lessIsBetter: true, of: ({ p50Ms }) => p50Ms };
const P99: Metric = { name: '', unit: '', lessIsBetter: true, of: ({ p99Ms }) => p99Ms };

/** A server with durable rooms. Variants differ in the store and in when they save. */
interface Variant {
  readonly name: string;
  readonly save: 'turn' | 'everyMs';
  readonly open?: () => Promise<Database>;
}

const WITHOUT: Variant = { name: 'not durable', save: 'everyMs' };
const VARIANTS: readonly Variant[] = [
  WITHOUT,
  { name: 'LMDB, everyMs', save: 'everyMs', open: () => openDatabase('lmdb') },
  { name: 'LMDB, turn', save: 'turn', open: () => openDatabase('lmdb') },
  { name: 'Redis everysec, turn', save: 'turn', open: () => openDatabase('redis', 'everysec') },
  { name: 'Redis always, turn', save: 'turn', open: () => openDatabase('redis', 'always') },
  { name: 'PostgreSQL, turn', save: 'turn', open: () => openDatabase('postgres') },
];

/** A bar for the median of the rounds. */
const BARS: readonly { readonly variant: string; readonly workload: string; readonly atLeast: number }[] = [
  { variant: 'LMDB, everyMs', workload: 'echo', atLeast: 0.9 },
  { variant: 'LMDB, everyMs', workload: 'chatty', atLeast: 0.9 },
  { variant: 'LMDB, turn', workload: 'chatty', atLeast: 0.5 },
];
const GATE_P99_MS = 25;
const HALF = 'half load';
/** At half load: from the moment a frame comes to the gate until it leaves, the longest for each release. */
const GATE = 'the gate';
const IDLE_ROOM_BYTES = 1_024;

/**
 * Measures the cost of durable rooms: the same rooms without durability, with each level and with each store, in turn, each
 * in its own process; at half of the rate of the chatty room also the waits. Then 10,000 rooms created, idle and restored.
 * @param parts `messages`, `rooms` or both
 * @returns the exit code
 */
export async function measureDurable(say: Say, rounds = ROUNDS, parts: readonly Part[] = PARTS): Promise<number> {
  const areMet: boolean[] = [];
  if (parts.includes('messages')) areMet.push(...(await measureMessages(say, rounds)));
  if (parts.includes('rooms')) areMet.push(sayAlone(await measureRooms(), say));
  return areMet.every(Boolean) ? 0 : 1;
}

async function measureMessages(say: Say, rounds: number): Promise<boolean[]> {
  const workloads = WORKLOADS.filter(({ name }) => MEASURED.includes(name));
  const results: Results = {};
  for (let round = 0; round < rounds; round++) {
    // Each variant is first, last and in the middle equally often: a measurement affects the next one.
    for (const variant of VARIANTS.map((_, at) => VARIANTS[(at + round) % VARIANTS.length])) {
      for (const [workload, result] of await measureVariant(variant, workloads))
        ((results[workload] ??= {})[variant.name] ??= []).push(result);
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  return [sayThroughput(results, say), sayWaits(results, say)];
}

async function measureVariant(variant: Variant, workloads: readonly Workload[]): Promise<[string, LoadResult][]> {
  const database = await variant.open?.();
  const peer: Peer = { ...OURS_DURABLE, env: { ...envOf(database), SAVE: variant.save } };
  const running = await RunningPeer.start(peer);
  try {
    const results: [string, LoadResult][] = [];
    let chatty: LoadResult | undefined;
    for (const workload of workloads) {
      const result = await running.run(workload);
      results.push([workload.name, result]);
      if (workload.name === 'chatty') chatty = result;
    }
    if (variant.save === 'turn') await running.asked('gate', 'SIGUSR2');
    results.push([HALF, await running.run(halfLoad(chatty!))]);
    if (variant.save === 'turn') results.push([GATE, await running.asked<LoadResult>('gate', 'SIGUSR2')]);
    return results;
  } finally {
    await running.stop();
    await database?.stop();
  }
}

/** The chatty room again, at half the rate just measured. */
function halfLoad({ perSecond }: LoadResult): Paced {
  const paced = WORKLOADS.find((workload): workload is Paced => workload.type === 'paced')!;
  return { ...paced, ratePerClient: Math.max(1, perSecond! / paced.clientsPerRoom ** 2 / 2) };
}

function sayThroughput(results: Results, say: Say): boolean {
  let areMet = true;
  for (const workload of MEASURED) {
    const { [WITHOUT.name]: without, ...durable } = results[workload];
    say(`${workload.padEnd(10)} ${WITHOUT.name.padEnd(22)} ${figure(summaryOf(without.map(THROUGHPUT.of))!.median)}/s`);
    for (const [variant, measured] of Object.entries(durable)) {
      const { median, min, max } = ratioOf(measured, without, THROUGHPUT)!;
      const bar = BARS.find((each) => each.variant === variant && each.workload === workload)?.atLeast;
      const isMet = bar === undefined || median >= bar;
      areMet &&= isMet;
      const perSecond = figure(summaryOf(measured.map(THROUGHPUT.of))!.median);
      const ratio = `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
      say(`${workload.padEnd(10)} ${variant.padEnd(22)} ${perSecond}/s  ${ratio}${verdict(bar, isMet)}`);
    }
  }
  return areMet;
}

/** At half load from a client's send to the arrival at all clients, which includes the wait at the gate, and that wait alone. */
function sayWaits(results: Results, say: Say): boolean {
  let isBarMet = true;
  for (const what of [HALF, GATE]) {
    for (const [variant, measured] of Object.entries(results[what])) {
      const [p50, p99] = [P50, P99].map((metric) => summaryOf(measured.map(metric.of))!.median);
      const bar = what === GATE && variant === 'LMDB, turn' ? GATE_P99_MS : undefined;
      const isMet = bar === undefined || p99 <= bar;
      isBarMet &&= isMet;
      const waits = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
      say(`${what.padEnd(10)} ${variant.padEnd(22)} ${waits}${verdict(bar, isMet)}`);
    }
  }
  return isBarMet;
}

async function measureRooms(): Promise<Record<string, AloneFigures>> {
  const figures: Record<string, AloneFigures> = { [WITHOUT.name]: await measureAlone('made') };
  for (const { name, open } of VARIANTS) {
    if (open === undefined || name.endsWith('everyMs')) continue;
    const database = await open();
    try {
      figures[`${name}, made`] = await measureAlone('made', database);
      figures[`${name}, restored`] = await measureAlone('restored', database);
    } finally {
      await database.stop();
    }
  }
  return figures;
}

function sayAlone(figures: Record<string, AloneFigures>, say: Say): boolean {
  const without = figures[WITHOUT.name].bytesPerRoom;
  let areMet = true;
  for (const [name, { roomsPerSecond, bytesPerRoom, idleCpu }] of Object.entries(figures)) {
    const more = bytesPerRoom - without;
    const bar = name === WITHOUT.name ? undefined : IDLE_ROOM_BYTES;
    const isMet = bar === undefined || more <= bar;
    areMet &&= isMet;
    const memory = `${figure(bytesPerRoom)} B each (${more >= 0 ? '+' : ''}${figure(more)})`;
    const rate = `${figure(roomsPerSecond)} a second`;
    say(`10,000     ${name.padEnd(32)} ${rate}, ${memory}, idle CPU ${idleCpu.toFixed(4)}${verdict(bar, isMet)}`);
  }
  return areMet;
}

function figure(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function verdict(bar: number | undefined, isMet: boolean): string {
  return bar === undefined ? '' : `  ${isMet ? 'meets' : 'MISSES'} ${bar}`;
}
