import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pathAndQueryOf } from '../base/request-target.js';
import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';

/** One upgrade request that is being processed. */
export class Attempt {
  /** The request was answered, or its socket has closed. */
  isOver = false;
  /** The request is a valid WebSocket handshake. */
  isHandshake = false;
  /** This process is where the room is to be, if it is nowhere yet. */
  isPlaced = false;
  /** Name of the requested service, once it is known. */
  service: string | undefined = undefined;
  /** Key of the requested room, once it is known. */
  room: string | undefined = undefined;
  #timer: NodeJS.Timeout | null = null;
  #abandon: ((reason: unknown) => void) | null = null;

  constructor(
    readonly request: IncomingMessage,
    readonly socket: Duplex,
    readonly head: Buffer,
    private readonly clock: JamsocketClock,
  ) {}

  /** Path and query. */
  get url(): string {
    return pathAndQueryOf(this.request);
  }

  end(reason: unknown): void {
    this.isOver = true;
    this.stopTimer();
    this.#abandon?.(reason);
  }

  stopTimer(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * Runs `step` with the result of `work`; at once if `work` is no promise, so that a connect which need not wait creates
   * no promises. Otherwise the wait ends with the attempt, or `timeoutMs` after the attempt's first wait began. A result
   * that comes too late is passed to `undo`.
   */
  after<T, R>(
    work: T | Promise<T>,
    timeoutMs: number,
    step: (result: T) => R | Promise<R>,
    undo?: (result: T) => void,
  ): R | Promise<R> {
    return work instanceof Promise ? this.#waitFor(work, timeoutMs, undo).then(step) : step(work);
  }

  #waitFor<T>(work: Promise<T>, timeoutMs: number, undo?: (result: T) => void): Promise<T> {
    this.#timer ??= this.clock.setTimeout(() => this.#timeOut(), timeoutMs);
    const abandoned = new Promise<never>((_resolve, reject) => (this.#abandon = reject));
    work.then(
      (result) => this.isOver && undo?.(result),
      () => undefined,
    );
    return Promise.race([work, abandoned]);
  }

  /** The same client has connected again and no longer waits for this attempt. */
  supersede(): void {
    this.#abandon?.(new RefusedError(408, 'superseded', 'The same client has connected again meanwhile.'));
  }

  /** Rejects the pending wait; the gateway then answers the request. */
  #timeOut(): void {
    this.#abandon?.(new RefusedError(503, 'handshake_timeout', 'The connect took too long.'));
  }
}
