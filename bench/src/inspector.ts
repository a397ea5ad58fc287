import { once } from 'node:events';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { nextRun, RunningPeer, type LoadResult } from './measure.js';
import { OURS, OURS_INSPECTED } from './peers.js';
import { ratioOf, type Metric } from './statistics.js';
import { WORKLOADS, type Workload } from './workloads.js';

const MEASURED = ['chatty', 'echo'];
const ROUNDS = 7;
/** What is left of it, at least. */
const BAR = 0.95;
/** Of the server's own time: what the page's reader takes of the machine is not the inspector's. */
const DELIVERIES: Metric = {
  name: 'deliveries',
  unit: 'a second of CPU',
  lessIsBetter: false,
  of: ({ perServerCpuSecond }) => perServerCpuSecond,
};
const UNSEEN = 'imported, nobody looks';
const SEEN = 'a page watches the room';

type Results = Record<typeof UNSEEN | typeof SEEN | 'without', LoadResult[]>;

/**
 * What the inspector costs: without it, with it while nobody looks, and while a page watches the room under load, in
 * turn and each time in processes of their own.
 * @returns the exit code
 */
export async function measureInspector(say: (line: string) => void): Promise<number> {
  const workloads = WORKLOADS.filter(({ name }) => MEASURED.includes(name));
  const results = new Map(workloads.map((one) => [one, { without: [], [UNSEEN]: [], [SEEN]: [] } as Results]));
  for (let round = 0; round < ROUNDS; round++) {
    const [plain, inspected] = [await RunningPeer.start(OURS), await RunningPeer.start(OURS_INSPECTED)];
    try {
      for (const [workload, of] of results) {
        of.without.push(await plain.run(workload));
        of[UNSEEN].push(await inspected.run(workload));
        of[SEEN].push(await runWatched(inspected, workload));
        say(`${round + 1}/${ROUNDS}  ${workload.name}`);
      }
    } finally {
      await Promise.all([plain.stop(), inspected.stop()]);
    }
  }
  const verdicts = [...results].map(([workload, of]) => sayRatios(workload, of, say));
  return verdicts.every(Boolean) ? 0 : 1;
}

async function runWatched(peer: RunningPeer, workload: Workload): Promise<LoadResult> {
  const run = nextRun();
  const page = await openPage(peer.port, `${workload.kind}/${run}-0`);
  const result = await peer.run(workload, run);
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
function sayRatios({ name: workload }: Workload, results: Results, say: (line: string) => void): boolean {
  return ([UNSEEN, SEEN] as const)
    .map((name) => {
      const { median, min, max } = ratioOf(results[name], results.without, DELIVERIES)!;
      const isMet = median >= BAR;
      const figures = `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
      say(`${workload.padEnd(8)} ${name.padEnd(24)} ${figures}  ${isMet ? 'meets' : 'MISSES'} ${BAR}`);
      return isMet;
    })
    .every(Boolean);
}
