import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './load/process-use.js';
import { createInterface } from 'node:readline';
import type { LoadOrder, LoadResult } from './load/load.js';
import { BUN_PROGRAM, type Peer } from './peers.js';
import { PROTOCOLS } from './load/protocols.js';
import type { Workload } from './workloads.js';

export type { LoadResult };

export const SERVER_CORE = '0';
export const LOAD_CORE = '1';
const LOAD_TIMEOUT_MS = 60_000;
/** A server that uses less than this part of its core for this long is idle. */
const IDLE_PART = 0.1;
const SETTLE_MS = 200;
const SETTLE_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;
const load = new URL('./load/load.js', import.meta.url).pathname;
/** One core for the server and one for the load, so that neither takes time from the other. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;
let runs = 0;

/** Prefix of room ids, so that measurements use different rooms. */
export function nextRun(): string {
  return `r${runs++}`;
}

/** Whether the peer takes part: text protocols leave out what is binary. */
export function canRun(peer: Peer, workload: Workload): boolean {
  if (workload.rooms * workload.clientsPerRoom > (peer.maxConnections ?? Infinity)) return false;
  return !workload.binary || PROTOCOLS[peer.protocol].hasBinary;
}

/**
 * A peer that is running, on a port of its own. While it is not measured it is stopped: an idle process still collects
 * its garbage now and then, for up to 80 ms on the core of whoever is being measured.
 */
export class RunningPeer {
  #onLine: (line: string) => void = () => undefined;

  private constructor(
    private readonly peer: Peer,
    private readonly child: ChildProcess,
    readonly port: number,
    /** Pid of the process that serves: the peer's own, or the one it printed as `pid N`. */
    private readonly pid: number,
  ) {}

  static async start(peer: Peer): Promise<RunningPeer> {
    const port = await freePort();
    const child = spawnOn(SERVER_CORE, peer.command, { ...peer.env, PORT: String(port) });
    const exited = once(child, 'exit').then(() => Promise.reject(new Error(`${peer.name} did not start`)));
    let pid = child.pid!;
    const lines = createInterface({ input: child.stdout! });
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        if (line.startsWith('pid ')) pid = Number(line.slice('pid '.length));
        if (line === 'ready') resolve();
      });
    });
    await Promise.race([ready, exited]);
    exited.catch(() => undefined);
    const running = new RunningPeer(peer, child, port, pid);
    lines.on('line', (line) => running.#onLine(line));
    running.#signal('SIGSTOP');
    return running;
  }

  /** Call it before other requests than those of `run`, which stops the process again. */
  wake(): void {
    this.#signal('SIGCONT');
  }

  /** What the server prints after `name` when it gets the signal. */
  async asked<T>(name: string, signal: NodeJS.Signals): Promise<T> {
    const answer = new Promise<T>((resolve) => {
      this.#onLine = (line) => {
        if (line.startsWith(`${name} `)) resolve(JSON.parse(line.slice(name.length)) as T);
      };
    });
    this.wake();
    this.child.kill(signal);
    const result = await answer;
    this.#signal('SIGSTOP');
    return result;
  }

  /** @param run prefix of the ids of its rooms */
  async run(workload: Workload, run = nextRun()): Promise<LoadResult> {
    const order: LoadOrder = {
      workload,
      protocol: this.peer.protocol,
      port: this.port,
      serverPid: this.pid,
      run,
    };
    this.wake();
    const child = spawnOn(LOAD_CORE, [BUN_PROGRAM, load, JSON.stringify(order)], {});
    const timer = setTimeout(() => child.kill('SIGKILL'), LOAD_TIMEOUT_MS);
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${workload.name} against ${this.peer.name} failed`);
    await this.#settle();
    this.#signal('SIGSTOP');
    return JSON.parse(text) as LoadResult;
  }

  /** Waits until the server's work for departed clients is done: it would disturb the next measurement on the same core. */
  async #settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    for (let before = cpuSeconds(this.pid); performance.now() < deadline;) {
      await sleep(SETTLE_MS);
      const now = cpuSeconds(this.pid);
      if (now - before <= (SETTLE_MS / 1000) * IDLE_PART) return;
      before = now;
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.wake();
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  /** Also signals the child process if that one serves. */
  #signal(signal: NodeJS.Signals): void {
    if (this.pid !== this.child.pid) process.kill(this.pid, signal);
    this.child.kill(signal);
  }
}

export function spawnOn(core: string, command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [program, ...rest] = canPin ? ['taskset', '-c', core, ...command] : command;
  return spawn(program, rest, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
