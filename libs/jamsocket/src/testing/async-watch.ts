import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { carryIntoContextOfNobody } from '../base/async-context.js';

const scope = new AsyncLocalStorage<AsyncWatch>();
carryIntoContextOfNobody(scope);

/** Frames that say where a timer was set, but not by whom. */
const FOREIGN_FRAME = /node:|node_modules|async-watch/;

interface Timer {
  readonly timer: Pick<NodeJS.Timeout, 'hasRef'>;
  readonly stack: string;
}

/**
 * Sees the server's side of a test begin things that end later. Whether it did tells whether there is anything to wait
 * for. Real timers among them are looked for at the end: a room that calls Node's `setInterval` itself has to clear it
 * itself. Timers that would let the process end (`unref`) do no harm and are passed over.
 */
export class AsyncWatch {
  /** How many promises, timers, ticks and the like there have been, on either side. */
  begun = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      this.begun++;
      if (type === 'Timeout' && scope.getStore() === this) this.#see(id, resource);
    },
    destroy: (id) => this.#timers.delete(id),
  }).enable();

  /** Runs something on the server's side. */
  run<T>(work: () => T): T {
    return scope.run(this, work);
  }

  /** Timers that are still running, and where each was set. */
  get running(): string[] {
    return [...this.#timers.values()]
      .filter(({ timer }) => timer.hasRef())
      .map(({ stack }) => `a timer of Node's that was set ${originIn(stack)}`);
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
  return frame?.trim() ?? 'somewhere unknown';
}
