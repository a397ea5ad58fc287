import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../servers.js';

/** A running program in workers. */
export class WorkersRun {
  output = '';
  readonly #waiting = new Set<() => void>();

  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
    readonly folder: string,
    private readonly isSecure: boolean,
  ) {
    const note = (chunk: Buffer) => {
      this.output += String(chunk);
      for (const wake of this.#waiting) wake();
    };
    child.stdout!.on('data', note);
    child.stderr!.on('data', note);
  }

  /** Starts it. Wait for what it says, or for its end. */
  static async start(file: string, env: Record<string, string>): Promise<WorkersRun> {
    const folder = mkdtempSync(join(tmpdir(), 'jamsocket-workers-'));
    const port = await freePort();
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, NO_COLOR: '1', PORT: `${port}`, DATA_DIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new WorkersRun(child, port, folder, env.TLS !== undefined);
  }

  get ws(): string {
    return `ws${this.isSecure ? 's' : ''}://127.0.0.1:${this.port}`;
  }

  /** What an HTTP request for a path gets, each time over a new connection. */
  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { Connection: 'close' } });
    return (path === '/pid' ? Number(await answer.text()) : await answer.json()) as T;
  }

  /** Resolves when the output has the words. */
  async says(words: string): Promise<void> {
    while (!this.output.includes(words)) {
      if (this.child.exitCode !== null) throw new Error(`It has ended without saying "${words}": ${this.output}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        this.child.once('close', () => resolve());
      });
      this.#waiting.clear();
    }
  }

  /** Resolves when the process and its output have ended. */
  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { child } = this;
    if (!child.stdout!.closed || (child.exitCode === null && child.signalCode === null)) await once(child, 'close');
    return { code: child.exitCode, signal: child.signalCode };
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
