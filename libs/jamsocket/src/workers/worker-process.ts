import type { Socket } from 'node:net';
import type { ToPrimary, ToWorker } from './messages.js';
import { isOurs } from './messages.js';

/** A forked process, as `node:cluster` gives it. */
export interface ForkedProcess {
  readonly id: number;
  readonly process: { readonly pid?: number; kill(signal: NodeJS.Signals): boolean };
  isConnected(): boolean;
  send(message: unknown, handle: Socket | undefined, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown;
}

/** Why a worker has ended, in words. */
export interface Ending {
  readonly reason: string;
}

/** What a worker asks for, and what it does with sockets. */
export type WorkerRequest = Exclude<ToPrimary, { jamsocket: 'ready' | 'failed' | 'reload' }>;

/** Is told what a worker wants. */
export interface WorkerWatch {
  /** @param socket that of a `give` */
  asked(worker: WorkerProcess, request: WorkerRequest, socket: Socket | undefined): void;
  reloadAsked(): void;
  ended(worker: WorkerProcess, ending: Ending): void;
}

/** One worker, from its fork to its end. */
export class WorkerProcess {
  readonly startedAt = performance.now();
  /** Resolves when the application has started, or when the worker has ended: with how. */
  readonly started: Promise<Ending | undefined>;
  readonly ended: Promise<Ending>;
  /** Told to shut down: its end is no crash. */
  isStopping = false;
  hasEnded = false;
  /** Its node in a cluster that has others, too. */
  node: string | undefined;
  #reason: string | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #isStarted!: (ending: Ending | undefined) => void;

  constructor(
    private readonly forked: ForkedProcess,
    private readonly watch: WorkerWatch,
    /** Whoever has started it waits for it: its end is not replaced. */
    public isTrial: boolean,
  ) {
    this.started = new Promise((resolve) => (this.#isStarted = resolve));
    this.ended = new Promise((resolve) => {
      forked.once('exit', (code, signal) => resolve(this.#end(code, signal)));
    });
    forked.on('message', (message, handle) => {
      if (isOurs(message)) this.#received(message as ToPrimary, handle as Socket | undefined);
    });
  }

  get id(): number {
    return this.forked.id;
  }

  get pid(): number {
    return this.forked.process.pid ?? 0;
  }

  /** Does nothing if the worker is gone. */
  send(message: ToWorker): void {
    if (this.hasEnded || !this.forked.isConnected()) return;
    // Without a callback, an error would be emitted, and end the primary.
    this.forked.send(message, undefined, () => undefined);
  }

  sendSocket(message: unknown, socket: Socket, callback: (error: Error | null) => void): void {
    this.forked.send(message, socket, callback);
  }

  /** Tells the worker to shut down, and kills it if it has not ended after `ms`. */
  stop(ms: number): Promise<Ending> {
    if (!this.isStopping && !this.hasEnded) {
      this.isStopping = true;
      this.send({ jamsocket: 'stop' });
      this.#killTimer = setTimeout(() => this.kill(), ms);
    }
    return this.ended;
  }

  kill(): void {
    if (!this.hasEnded) this.forked.process.kill('SIGKILL');
  }

  #received(message: ToPrimary, socket: Socket | undefined): void {
    // A socket outlives the worker that has given it.
    if (this.hasEnded && message.jamsocket !== 'give') return;
    switch (message.jamsocket) {
      case 'ready':
        return this.#isStarted(undefined);
      case 'failed':
        this.#reason = message.reason;
        // Its error is in its log by then, unless the application has caught it and goes on without a server.
        this.#killTimer = setTimeout(() => this.kill(), 1_000);
        return;
      case 'reload':
        return this.watch.reloadAsked();
      case 'ask':
      case 'node':
      case 'give':
      case 'takes':
      case 'taken':
        return this.watch.asked(this, message, socket);
    }
  }

  #end(code: number | null, signal: string | null): Ending {
    this.hasEnded = true;
    clearTimeout(this.#killTimer);
    const how = signal === null ? `exit code ${code}` : signal;
    const ending = { reason: this.#reason === undefined ? how : `${how}: ${this.#reason}` };
    this.#isStarted(ending);
    this.watch.ended(this, ending);
    return ending;
  }
}
