import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../load/process-use.js';
import type { ProtocolName } from '../load/protocols.js';
import { freePort, LOAD_CORE, SERVER_CORE, spawnOn } from '../measure.js';
import { BUN_PROGRAM } from '../peers.js';
import { summaryOf } from '../statistics.js';
import type { CrowdOrder } from './idle-crowd.js';

const CLIENTS = 5_000;
/** A fifth of the default interval: the same frames in a fifth of the time. */
const HEARTBEAT = { intervalMs: 2_000, timeoutMs: 4_000 };
const DEFAULT_INTERVAL_MS = 10_000;
/** A multiple of the interval and of the time between two beats. */
const WINDOW_MS = 18_000;
const WINDOWS = 2;
const ROUNDS = 5;
/** Beats must cost the server no more CPU than pings. */
const BAR = 1;

const program = (name: string) => new URL(name, import.meta.url).pathname;

/** A server with clients that are all idle. */
interface Idle {
  readonly server: ChildProcess;
  readonly crowd: ChildProcess;
  readonly lines: Interface;
}

interface Use {
  readonly cpu: number;
  readonly chunks: number;
}

/**
 * What idle connections cost a server that pings them, and one whose clients speak `jamsocket.v1` and get beats. Both run
 * at the same time, so that disturbances affect both.
 * @returns the exit code
 */
export async function measureHeartbeats(say: (line: string) => void, rounds = ROUNDS): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const order: ProtocolName[] = round % 2 === 0 ? ['raw', 'resuming'] : ['resuming', 'raw'];
    const idle = new Map<ProtocolName, Idle>();
    try {
      for (const protocol of order) idle.set(protocol, await start(protocol));
      await sleep(2 * HEARTBEAT.intervalMs);
      for (let window = 0; window < WINDOWS; window++) {
        const [pings, beats] = await useOf([idle.get('raw')!, idle.get('resuming')!]);
        const ratio = beats.cpu / pings.cpu;
        ratios.push(ratio);
        say(`${round + 1}/${rounds}  pings: ${told(pings)}  beats: ${told(beats)}  ratio of CPU ${ratio.toFixed(3)}`);
      }
    } finally {
      for (const { server, crowd } of idle.values()) {
        crowd.kill('SIGKILL');
        server.kill('SIGKILL');
      }
    }
  }
  const { median, min, max } = summaryOf(ratios)!;
  const figures = `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;
  say(`CPU of beats / pings: ${figures}  ${median <= BAR ? 'meets' : 'MISSES'} ${BAR}`);
  return median <= BAR ? 0 : 1;
}

async function start(protocol: ProtocolName): Promise<Idle> {
  const port = await freePort();
  const env = { PORT: String(port), OPTIONS: JSON.stringify({ heartbeat: HEARTBEAT }) };
  // V8 would collect the whole heap once, at any time in the minutes after the connects: as much as ten intervals cost.
  const server = spawnOn(
    SERVER_CORE,
    [process.execPath, '--no-memory-reducer', program('../servers/ours-idle.js')],
    env,
  );
  await once(createInterface({ input: server.stdout! }), 'line');
  const order: CrowdOrder = { port, protocol, clients: CLIENTS };
  const crowd = spawnOn(LOAD_CORE, [BUN_PROGRAM, program('./idle-crowd.js'), JSON.stringify(order)], {});
  const lines = createInterface({ input: crowd.stdout! });
  await once(lines, 'line');
  return { server, crowd, lines };
}

async function useOf(idle: readonly Idle[]): Promise<Use[]> {
  const read = async ({ server, crowd, lines }: Idle): Promise<Use> => {
    crowd.kill('SIGUSR2');
    const [line] = (await once(lines, 'line')) as [string];
    return { cpu: cpuMs(server.pid!), chunks: Number(line) };
  };
  const before = await Promise.all(idle.map(read));
  await sleep(WINDOW_MS);
  const after = await Promise.all(idle.map(read));
  return after.map(({ cpu, chunks }, at) => ({ cpu: cpu - before[at].cpu, chunks: chunks - before[at].chunks }));
}

/** Of one connection, in the time that the default interval takes. */
function told({ cpu, chunks }: Use): string {
  const intervals = (CLIENTS * WINDOW_MS) / HEARTBEAT.intervalMs;
  const perMinute = (chunks / intervals) * (60_000 / DEFAULT_INTERVAL_MS);
  return `${((cpu * 1_000) / intervals).toFixed(1)} µs an interval, ${perMinute.toFixed(2)} writes a minute`;
}
