import { Logger } from '@nestjs/common';
import type { Socket } from 'node:net';
import { CrashCount } from './crash-count.js';
import { answerTo } from './channel/answer-to.js';
import { CountsServer } from './channel/counts-server.js';
import { DirectoryServer } from './channel/directory-server.js';
import type { Answer, Ask, Gift, TargetQuestion } from './messages.js';
import { RoomTargets } from './hand-over/room-targets.js';
import { SocketSwitch } from './hand-over/socket-switch.js';
import {
  WorkerProcess,
  type Ending,
  type ForkedProcess,
  type WorkerRequest,
  type WorkerWatch,
} from './worker-process.js';
import type { ResolvedWorkersOptions } from './workers-options.js';

const logger = new Logger('JamsocketWorkers');

/** Starts the workers, replaces those that end, and has their directory and counts in its memory. */
export class Primary implements WorkerWatch {
  readonly #workers = new Set<WorkerProcess>();
  readonly #sockets = new SocketSwitch();
  readonly #directory = new DirectoryServer();
  readonly #targets = new RoomTargets(
    (room) => this.#directory.ownerOf(room),
    (node) => this.#sockets.takes(node),
  );
  readonly #counts = new CountsServer();
  readonly #crashes = new CrashCount();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopping = false;
  #reloading: Promise<void> | null = null;

  constructor(
    private readonly options: ResolvedWorkersOptions,
    private readonly fork: () => ForkedProcess,
    /** Ends this process: the workers crash again and again. */
    private readonly giveUp: (reason: string) => void,
  ) {}

  /**
   * Resolves when all workers have started.
   * @throws Error if the first one cannot start: then no other is tried
   */
  async start(): Promise<void> {
    const first = this.#fork(true);
    const ending = await first.started;
    first.isTrial = false;
    if (this.#isStopping) return;
    if (ending !== undefined) throw new Error(`The first worker could not start (${ending.reason}).`);
    const others = Array.from({ length: this.options.count - 1 }, () => this.#fork());
    await Promise.all(others.map(({ started }) => started));
    if (!this.#isStopping) logger.log(`${this.#workers.size} workers share the port.`);
  }

  /** Replaces one worker after the other. Each replacement has started before its predecessor shuts down. */
  reload(): Promise<void> {
    this.#reloading ??= this.#reload().finally(() => (this.#reloading = null));
    return this.#reloading;
  }

  /** Shuts all workers down. Resolves when they have ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#workers].map((worker) => worker.stop(this.options.stopMs)));
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#isStopping = true;
    for (const worker of this.#workers) worker.kill();
  }

  asked(worker: WorkerProcess, request: WorkerRequest, socket: Socket | undefined): void {
    switch (request.jamsocket) {
      case 'ask':
        return worker.send(this.#answer(worker.id, request));
      case 'node':
        worker.node = request.node;
        return this.#tellNodes();
      case 'takes':
        return this.#sockets.set(request.node, worker, request.isTaking);
      case 'taken':
        return this.#sockets.taken(request.ids);
      case 'give':
        // The client may have closed it meanwhile.
        if (socket !== undefined) this.#sockets.pass(this.#looked(request), socket);
    }
  }

  reloadAsked(): void {
    this.reload().catch((error: unknown) => logger.error(`The workers were not reloaded: ${String(error)}`));
  }

  ended(worker: WorkerProcess, ending: Ending): void {
    this.#workers.delete(worker);
    this.#sockets.ended(worker);
    this.#counts.ended(worker.id);
    for (const incarnation of this.#directory.ended(worker.id))
      for (const other of this.#workers) other.send({ jamsocket: 'ended', incarnation });
    if (worker.node !== undefined) this.#tellNodes();
    if (this.#isStopping || worker.isStopping || worker.isTrial) return;
    this.#replace(worker, ending);
  }

  /** With the node that has the room now. */
  #looked(gift: Gift): Gift {
    const { target } = gift;
    return target === undefined ? gift : { ...gift, node: this.#targets.targetOf(target) ?? target.forNew };
  }

  #tellNodes(): void {
    const nodes = [...this.#workers].flatMap(({ node }) => node ?? []);
    for (const worker of this.#workers) worker.send({ jamsocket: 'nodes', nodes });
  }

  #answer(worker: number, ask: Ask): Answer {
    if (ask.call === 'target') return answerTo(ask, () => this.#targets.targetOf(ask.arg as TargetQuestion));
    return (this.#counts.isFor(ask) ? this.#counts : this.#directory).answer(worker, ask);
  }

  async #reload(): Promise<void> {
    const old = [...this.#workers];
    logger.log(`Reloading ${old.length} workers, one after the other.`);
    for (const worker of old) {
      if (this.#isStopping) return;
      // It has crashed meanwhile, and its replacement runs the new code.
      if (worker.hasEnded) continue;
      const next = this.#fork(true);
      const ending = await next.started;
      if (ending !== undefined)
        throw new Error(`the new one could not start (${ending.reason}). The others go on as they are.`);
      next.isTrial = false;
      await worker.stop(this.options.stopMs);
    }
    logger.log('All workers are reloaded.');
  }

  #replace(worker: WorkerProcess, { reason }: Ending): void {
    const delay = this.#crashes.delayAfter(performance.now() - worker.startedAt);
    if (delay === undefined) return this.giveUp(`${CrashCount.LOOP}, the last one with ${reason}`);
    logger.error(`Worker ${worker.pid} has ended (${reason}). Another one starts in ${delay} ms.`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#fork();
    }, delay);
    this.#timers.add(timer);
  }

  #fork(isTrial = false): WorkerProcess {
    const worker = new WorkerProcess(this.fork(), this, isTrial);
    this.#workers.add(worker);
    return worker;
  }
}
