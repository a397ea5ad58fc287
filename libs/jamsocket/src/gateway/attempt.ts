import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pathAndQueryOf } from '../base/request-target.js';
import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';

/** One upgrade request on its way in. */
export class Attempt {
  /** It was answered, or its socket is gone. */
  isOver = false;
  /** Its request is a valid WebSocket handshake. */
  isHandshake = false;
  /** Name of the service it is for, once that is known. */
  service: string | undefined = undefined;
  /** Key of the room it is for, once that is known. */
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
   * Goes on with `step` at once if there is nothing to wait for: a connect that need not wait makes no promises. If there
   * is, it waits no longer than the attempt lasts, and not over `timeoutMs` from the first wait on. A result that
   * comes too late is given to `undo`.
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

  /** The same client has come again: nobody waits for this attempt any more. */
  supersede(): void {
    this.#abandon?.(new RefusedError(408, 'superseded', 'The same client has connected again meanwhile.'));
  }

  /** Ends the wait; whoever waits hears why, and answers. */
  #timeOut(): void {
    this.#abandon?.(new RefusedError(503, 'handshake_timeout', 'The connect took too long.'));
  }
}
