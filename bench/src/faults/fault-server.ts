import type { JamsocketOptions } from 'nestjs-jamsocket';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../measure.js';
import type { MixedCounts } from './counts.js';

/** What the server under attack reports at `/figures`. */
export interface Figures {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly externalBytes: number;
  readonly rooms: number;
  readonly clients: number;
  /** Pending timers in the SchedulerRegistry. */
  readonly timers: number;
  /** Open TCP sockets. */
  readonly handles: number;
  /** Longest stall of the event loop since the last request. */
  readonly longestDelayMs: number;
  readonly connects: number;
  readonly disconnects: number;
  readonly messages: number;
  /** Upgrade requests answered with 101. */
  readonly upgrades: number;
  /** Journal rooms that a client waited for while the instance before was stopping. */
  readonly successors: number;
  /** Connects of clients already in the room, and disconnects of clients not in it. */
  readonly twice: number;
  /** Most bytes that waited for one client of a relay room when a message arrived. */
  readonly mostBufferedBytes: number;
  /** Bytes that wait now, for all clients together. */
  readonly bufferedBytes: number;
  /** Pending timers of Node. */
  readonly nodeTimers: number;
  /** Messages of echo rooms to connected clients. */
  readonly echoes: number;
  /** Most echo rooms at the same time. */
  readonly mostEchoRooms: number;
  /** What happened in mixed rooms. */
  readonly mixed: MixedCounts;
}

/** Memory that is used in the process. */
export function heldBytes({ heapBytes, externalBytes }: Figures): number {
  return heapBytes + externalBytes;
}

const program = new URL('./server.js', import.meta.url).pathname;

/** A server process with rooms `relay`, `echo`, `slow`, `journal` and `mixed`. */
export class FaultServer {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** @param quiet leaves out the log, for handlers that are meant to fail */
  static async start(options: JamsocketOptions = {}, quiet = false): Promise<FaultServer> {
    const port = await freePort();
    const own = { NODE_ENV: 'production', PORT: String(port), OPTIONS: JSON.stringify(options) };
    const env = { ...process.env, ...own, QUIET: quiet ? '1' : '' };
    const child = spawn(process.execPath, ['--expose-gc', program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    child.stdout!.resume();
    return new FaultServer(child, port);
  }

  /** `ws://…/ws/<path>` */
  url(path: string): string {
    return `ws://127.0.0.1:${this.port}/ws/${path}`;
  }

  async figures(): Promise<Figures> {
    const response = await fetch(`http://127.0.0.1:${this.port}/figures`);
    return (await response.json()) as Figures;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
