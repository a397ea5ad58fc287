import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../measure.js';

/** The repository, or a copy of it. */
export const REPOSITORY = new URL('../../../../', import.meta.url).pathname;
const START_MS = 120_000;
/** Characters of a server's output that an error message quotes. */
const TAIL = 4_000;
/** Complaints of all servers; a run shows them at its end. */
export const complaints = new Map<string, number>();

export interface VictimOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The line that it prints when it accepts clients. */
  readonly ready: string;
  /** Whether it is a group of processes, which is killed as a whole. */
  readonly isGroup?: boolean;
}

/** A server that is killed and started again, always with the same port. */
export class Victim {
  starts = 0;
  onMessage: (message: unknown) => void = () => undefined;
  #child: ChildProcess | null = null;
  #readyCount = 0;
  #tail = '';
  readonly #waiting = new Set<() => void>();

  private constructor(
    readonly port: number,
    private readonly options: VictimOptions,
  ) {}

  static async on(options: VictimOptions): Promise<Victim> {
    return new Victim(await freePort(), options);
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How often it has reported that it accepts clients. */
  get readyCount(): number {
    return this.#readyCount;
  }

  url(path: string): string {
    return `ws://127.0.0.1:${this.port}/ws/${path}`;
  }

  /** Resolves when it accepts clients. @param env only for this start */
  async start(env: NodeJS.ProcessEnv = {}, before: readonly string[] = []): Promise<void> {
    const count = this.#readyCount;
    this.launch(env, before);
    await this.ready(count + 1);
  }

  launch(env: NodeJS.ProcessEnv = {}, before: readonly string[] = []): void {
    const { command, cwd = REPOSITORY, isGroup = false } = this.options;
    const [program, ...args] = [...before, ...command];
    this.starts++;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, PORT: `${this.port}`, NO_COLOR: '1', ...this.options.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: isGroup,
    });
    this.#child = child;
    child.stdout!.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
    child.on('message', (message) => this.onMessage(message));
    child.once('exit', () => this.#tell());
    child.on('error', (error) => this.#hear(String(error)));
  }

  /** Resolves when it has reported this many times, over all starts, that it accepts clients. */
  async ready(count: number, withinMs = START_MS): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#readyCount < count) {
      if (!this.isRunning) throw new Error(`The server ended before it took clients: ${this.#tail}`);
      const restMs = deadline - performance.now();
      if (restMs <= 0) throw new Error(`The server takes no clients after ${withinMs} ms: ${this.#tail}`);
      await this.#somethingHappens(restMs);
    }
  }

  send(message: object | string): void {
    this.#child!.send(message);
  }

  /** The next message of the server with this field. */
  async answer<T>(field: string, withinMs = START_MS): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const child = this.#child!;
      const timer = setTimeout(() => end(new Error(`No "${field}" from the server: ${this.#tail}`)), withinMs);
      const look = (message: unknown) => {
        if (Object.hasOwn(message as object, field)) end(undefined, (message as Record<string, T>)[field]);
      };
      const end = (error?: Error, value?: T) => {
        clearTimeout(timer);
        child.off('message', look);
        if (error) reject(error);
        else resolve(value as T);
      };
      child.on('message', look);
    });
  }

  /** Sends the signal and waits for the end. @returns the exit code or signal, and how long it took */
  async kill(signal: NodeJS.Signals): Promise<{ readonly end: number | string; readonly tookMs: number }> {
    const child = this.#child!;
    const began = performance.now();
    if (!this.isRunning) return { end: child.exitCode ?? child.signalCode!, tookMs: 0 };
    // After `close` its pipes deliver nothing more.
    const closed = once(child, 'close');
    if (this.options.isGroup) process.kill(-child.pid!, signal);
    else child.kill(signal);
    const [code, by] = (await closed) as [number | null, string | null];
    return { end: code ?? by!, tookMs: Math.round(performance.now() - began) };
  }

  async stop(): Promise<void> {
    if (this.#child !== null) await this.kill('SIGKILL');
  }

  #hear(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL);
    this.#readyCount += text.split(this.options.ready).length - 1;
    for (const line of text.split('\n')) if (/ (ERROR|WARN|FATAL) |Error:/.test(line)) complain(line);
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#waiting) wake();
  }

  #somethingHappens(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), withinMs);
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}

/** Numbers, dates and process ids differ each time. */
function complain(line: string): void {
  const kind = line
    .replace(/^.*? (ERROR|WARN|FATAL) /, '$1 ')
    .replace(/\d+/g, 'N')
    .slice(0, 300);
  complaints.set(kind, (complaints.get(kind) ?? 0) + 1);
}
