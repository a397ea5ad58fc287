import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { carryIntoDetachedContext } from '../base/async-context.js';

const scope = new AsyncLocalStorage<AsyncWatch>();
carryIntoDetachedContext(scope);

/** Stack frames to skip when looking for the code that set a timer. */
const FOREIGN_FRAME = /node:|node_modules|async-watch/;

interface Timer {
  readonly timer: Pick<NodeJS.Timeout, 'hasRef'>;
  readonly stack: string;
}

/**
 * Watches asynchronous operations of the server's side of a test. If none has begun, there is nothing to wait for. At the
 * end of a test it lists real timers that still run: a room that calls Node's `setInterval` must clear it. Timers with
 * `unref()` are ignored, since they do not keep the process alive.
 */
export class AsyncWatch {
  /** Number of promises, timers, ticks and other asynchronous operations so far, on both sides. */
  begun = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      this.begun++;
      if (type === 'Timeout' && scope.getStore() === this) this.#see(id, resource);
    },
    destroy: (id) => this.#timers.delete(id),
  }).enable();

  /** Runs a function as part of the server's side. */
  run<T>(work: () => T): T {
    return scope.run(this, work);
  }

  /** Timers that are still running, and where each was set. */
  get running(): string[] {
    return [...this.#timers.values()]
      .filter(({ timer }) => timer.hasRef())
      .map(({ stack }) => `a timer of Node that was set ${originIn(stack)}`);
  }

  stop(): void {
    this.#hook.disable();
    this.#timers.clear();
  }

  #see(id: number, resource: object): void {
    this.#timers.set(id, { timer: resource as Timer['timer'], stack: new Error('set').stack ?? '' });
  }
}

function originIn(stack: string): string {
  const frame = stack
    .split('\n')
    .slice(1)
    .find((line) => !FOREIGN_FRAME.test(line));
  return frame?.trim() ?? 'at an unknown place';
}
