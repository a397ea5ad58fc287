import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort, type LoadResult } from '../measure.js';
import { BUN_PROGRAM } from '../peers.js';
import type { LoadOrder } from '../load/load.js';
import type { ProtocolName } from '../load/protocols.js';
import type { Workload } from '../workloads.js';

const LOAD_TIMEOUT_MS = 120_000;
const load = new URL('../load/load.js', import.meta.url).pathname;

/** A process of a cluster. It is never stopped between measurements: its lease would end. */
export class ClusterProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(server: string, redisUrl: string): Promise<ClusterProcess> {
    const port = await freePort();
    const program = new URL(`../servers/${server}.js`, import.meta.url).pathname;
    const env = { ...process.env, NODE_ENV: 'production', PORT: `${port}`, REDIS_URL: redisUrl };
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (line === 'ready') resolve();
      });
      child.once('exit', () => reject(new Error(`${server} did not start`)));
    });
    return new ClusterProcess(child, port);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Makes this process the owner of a room. */
  async own(path: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/ws/${path}`, { method: 'POST' });
    if (response.status !== 201) throw new Error(`${path} was not made: ${response.status}`);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** CPU seconds of each process for a million deliveries, and deliveries a second. */
export interface ClusterFigures {
  readonly perSecond: number;
  readonly cpuOf: readonly number[];
  /** That of the load itself. */
  readonly loadCpu: number;
}

export interface Placing {
  /** Where the clients connect. */
  readonly at: Pick<ClusterProcess, 'port' | 'pid'>;
  /** Where every second client connects instead. */
  readonly second?: Pick<ClusterProcess, 'port'>;
  /** The clients of every second room connect there, and not every second client. */
  readonly splitsRooms?: boolean;
  readonly protocol: ProtocolName;
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[];
  readonly run: string;
}

export async function measureAt(
  workload: Workload,
  { at, second, splitsRooms, protocol, pids, run }: Placing,
): Promise<ClusterFigures> {
  const order: LoadOrder = {
    workload,
    protocol,
    port: at.port,
    secondPort: second?.port,
    splitsRooms,
    serverPid: at.pid,
    alsoPids: pids,
    run,
  };
  const child = spawn(BUN_PROGRAM, [load, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), LOAD_TIMEOUT_MS);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${workload.name} failed`);
  const { perSecond, cpuOf, loadCpu } = JSON.parse(text) as Required<LoadResult>;
  const forMillion = (part: number) => (part / perSecond) * 1e6;
  return { perSecond, cpuOf: cpuOf.map(forMillion), loadCpu: forMillion(loadCpu) };
}
