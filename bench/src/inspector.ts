import { once } from 'node:events';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { nextRun, RunningPeer, type LoadResult } from './measure.js';
import { OURS, OURS_INSPECTED, type Peer } from './peers.js';
import { PER_CPU_SECOND, ratioOf, type Results } from './statistics.js';
import { WORKLOADS, type Workload } from './workloads.js';

const MEASURED = ['chatty', 'echo'];
const ROUNDS = 6;
/** The least part of the throughput that must remain. */
const BAR = 0.95;

interface Variant {
  readonly name: string;
  readonly peer: Peer;
  readonly run: (peer: RunningPeer, workload: Workload) => Promise<LoadResult>;
}

const run: Variant['run'] = (peer, workload) => peer.run(workload);
const WITHOUT: Variant = { name: 'without', peer: OURS, run };
const COMPARED: readonly Variant[] = [
  { name: 'imported, nobody looks', peer: OURS_INSPECTED, run },
  { name: 'a page watches the room', peer: OURS_INSPECTED, run: runWatched },
];
const VARIANTS = [WITHOUT, ...COMPARED];

/**
 * Measures the cost of the inspector: without it, with it and no page open, and while a page watches the room under load,
 * in turn, each in its own process.
 * @returns the exit code
 */
export async function measureInspector(say: (line: string) => void): Promise<number> {
  const workloads = WORKLOADS.filter(({ name }) => MEASURED.includes(name));
  const results: Results = {};
  for (let round = 0; round < ROUNDS; round++) {
    // Each variant is first, last and in the middle equally often: a measurement affects the next one.
    const turns = VARIANTS.map((_, at) => VARIANTS[(at + round) % VARIANTS.length]);
    const running = new Map<Variant, RunningPeer>();
    for (const variant of turns) running.set(variant, await RunningPeer.start(variant.peer));
    try {
      for (const workload of workloads) {
        for (const variant of turns) {
          const result = await variant.run(running.get(variant)!, workload);
          ((results[workload.name] ??= {})[variant.name] ??= []).push(result);
        }
        say(`${round + 1}/${ROUNDS}  ${workload.name}`);
      }
    } finally {
      await Promise.all([...running.values()].map((peer) => peer.stop()));
    }
  }
  return sayRatios(results, say) ? 0 : 1;
}

async function runWatched(peer: RunningPeer, workload: Workload): Promise<LoadResult> {
  const rooms = nextRun();
  peer.wake();
  const page = await openPage(peer.port, `${workload.kind}/${rooms}-0`);
  const result = await peer.run(workload, rooms);
  if (!page.hasTraffic) throw new Error('the page saw none of the traffic');
  page.request.destroy();
  return result;
}

/** Reads the stream as a page does, without showing it. */
async function openPage(port: number, room: string): Promise<{ request: ClientRequest; readonly hasTraffic: boolean }> {
  const request = get(`http://127.0.0.1:${port}/inspector/events?room=${encodeURIComponent(room)}`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the stream was answered with ${response.statusCode}`);
  const page = { request, hasTraffic: false };
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => (page.hasTraffic ||= chunk.includes('event: traffic')));
  return page;
}

/** @returns whether the bar is met */
function sayRatios(results: Results, say: (line: string) => void): boolean {
  let areMet = true;
  for (const [workload, { [WITHOUT.name]: without, ...compared }] of Object.entries(results)) {
    for (const [name, measured] of Object.entries(compared)) {
      const { median, min, max } = ratioOf(measured, without, PER_CPU_SECOND)!;
      const isMet = median >= BAR;
      areMet &&= isMet;
      const figures = `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
      say(`${workload.padEnd(8)} ${name.padEnd(24)} ${figures}  ${isMet ? 'meets' : 'MISSES'} ${BAR}`);
    }
  }
  return areMet;
}
