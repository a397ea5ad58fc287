import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../measure.js';
import type { Seat } from './nodes.js';

const HERE: Seat = { before: [], host: '127.0.0.1' };

/** A redis-server that can be killed and started again with its files. It flushes its append-only file each second. */
export class RedisServer {
  #child: ChildProcess | null = null;
  readonly #folder = mkdtempSync(join(tmpdir(), 'jamsocket-faults-redis-'));

  private constructor(
    readonly port: number,
    private readonly seat: Seat,
    private readonly settings: readonly string[],
  ) {}

  static async start(settings: readonly string[] = [], seat = HERE): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), seat, settings);
    await server.start();
    return server;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get url(): string {
    return `redis://${this.seat.host}:${this.port}`;
  }

  async start(): Promise<void> {
    const own = ['--port', `${this.port}`, '--bind', '*', '--protected-mode', 'no', '--dir', this.#folder];
    const aof = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
    const [program, ...args] = [...this.seat.before, 'redis-server', ...own, ...aof, ...this.settings];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    let text = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        text = (text + chunk.toString()).slice(-4_000);
        if (text.includes('Ready to accept connections')) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${text}`)));
    });
  }

  pause(): void {
    this.#child!.kill('SIGSTOP');
  }

  resume(): void {
    this.#child!.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
