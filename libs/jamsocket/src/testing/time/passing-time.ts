import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Waker } from '../../rooms/waker.js';
import type { AsyncWatch } from '../async-watch.js';
import { tick } from '../settling.js';
import { TestTimeoutError } from '../testing.errors.js';
import type { VirtualClock } from './virtual-clock.js';

/** Milliseconds of real time for the destroy hooks of the application's providers. */
const CLOSE_PATIENCE_MS = 5_000;
/** Milliseconds of real time for an answer of a store. */
const MAX_STORE_MS = 100;

/** Lets virtual time pass: runs timers as they become due, and wakes saved rooms. */
export class PassingTime {
  #isAdvancing = false;

  constructor(
    private readonly clock: VirtualClock,
    private readonly watch: AsyncWatch,
    /** `null` without a store. */
    private readonly waker: Waker | null,
  ) {}

  /**
   * Runs the timers that are due in the next `ms` milliseconds, one after another.
   * @param rest waits for what a timer has started
   */
  async advance(ms: number, rest: () => Promise<unknown>): Promise<void> {
    if (!(Number.isFinite(ms) && ms >= 0)) throw new RangeError(`advance(${ms}): not a number of milliseconds.`);
    if (this.#isAdvancing) throw new Error('advance() is under way: wait for its promise before the next one.');
    this.#isAdvancing = true;
    try {
      await this.#runUntil(this.clock.now() + ms, rest);
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Runs timers until work is done that may wait for them. @throws TestTimeoutError after 5 s of real time */
  async until(work: Promise<unknown>, rest: () => Promise<unknown>): Promise<void> {
    let isDone = false;
    const finish = () => {
      isDone = true;
    };
    work.then(finish, finish);
    const deadline = performance.now() + CLOSE_PATIENCE_MS;
    while (!isDone) {
      await rest();
      if (isDone || this.#runNext(Infinity)) continue;
      await tick();
      if (performance.now() > deadline) throw new TestTimeoutError('The application has not closed in 5 s.');
    }
    await work;
  }

  async #runUntil(limit: number, rest: () => Promise<unknown>): Promise<void> {
    await rest();
    const idleTick = await this.#begunInTick();
    for (let dueAt = await this.#nextDue(); ;) {
      const { begun } = this.watch;
      if (!this.#runNext(Math.min(limit, dueAt))) {
        if (dueAt > limit) break;
        this.clock.moveTo(dueAt);
        await this.watch.run(() => this.waker!.wakeDue());
      }
      // Promises that the timer has resolved continue in microtasks.
      await tick();
      // Skip the rest after a timer that started nothing, such as most of the many heartbeats of a day.
      if (this.watch.begun <= begun + idleTick) continue;
      await rest();
      dueAt = await this.#nextDue();
    }
    this.clock.moveTo(limit);
  }

  /** Number of asynchronous operations that begin in a tick without any work. */
  async #begunInTick(): Promise<number> {
    const { begun } = this.watch;
    await tick();
    const first = this.watch.begun;
    await tick();
    return Math.min(first - begun, this.watch.begun - first);
  }

  /** When the first saved room that is not running is due, on the clock. */
  async #nextDue(): Promise<number> {
    if (this.waker === null) return Infinity;
    const due = this.waker.nextDue().catch(() => undefined);
    let timer: NodeJS.Timeout;
    const hangs = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), MAX_STORE_MS);
    });
    const at = await Promise.race([due, hangs]);
    clearTimeout(timer!);
    return at === undefined ? Infinity : Math.max(this.clock.now(), at - (this.clock.wallTime() - this.clock.now()));
  }

  #runNext(limit: number): boolean {
    return this.watch.run(() => this.clock.runNext(limit));
  }
}
