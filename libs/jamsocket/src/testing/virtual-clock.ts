import type { CronJob } from 'cron';
import { MAX_TIMEOUT_MS } from '../options/rules.js';
import { JamsocketClock, type CronOptions } from '../base/sources.js';
import { VirtualCronJob } from './virtual-cron-job.js';
import { VirtualTimer } from './virtual-timer.js';

/** Where the wall clock of a test stands at its beginning unless the test says otherwise. It is a Saturday. */
export const DEFAULT_NOW = new Date('2000-01-01T00:00:00.000Z');

/**
 * Time that stands still until a test moves it. Timers run in the order in which they are due, those due at the same
 * millisecond in the order in which they were set.
 */
export class VirtualClock extends JamsocketClock {
  readonly #timers = new Set<VirtualTimer>();
  #elapsed = 0;

  /** @param start what the wall clock says at the beginning; only `@Cron` looks at it */
  constructor(private readonly start: Date = DEFAULT_NOW) {
    super();
  }

  /** Milliseconds since the beginning. */
  now(): number {
    return this.#elapsed;
  }

  /** What the wall clock says. */
  get date(): Date {
    return new Date(this.start.getTime() + this.#elapsed);
  }

  /**
   * @throws RangeError for more than 2,147,483,647 ms: Node would not wait at all then, which a test should not hide
   */
  setTimeout(callback: () => void, ms: number): NodeJS.Timeout {
    return this.#add(callback, checked(ms), false);
  }

  clearTimeout(timer: NodeJS.Timeout): void {
    this.#timers.delete(timer as unknown as VirtualTimer);
  }

  /** @throws RangeError as `setTimeout` */
  setInterval(callback: () => void, ms: number): NodeJS.Timeout {
    return this.#add(callback, checked(ms), true);
  }

  clearInterval(timer: NodeJS.Timeout): void {
    this.clearTimeout(timer);
  }

  override startCronJob(options: CronOptions, onTick: () => void): CronJob {
    const job = new VirtualCronJob(options, onTick, this);
    if (options.disabled !== true) job.start();
    return job;
  }

  /** Has `callback` run when the wall clock says `time`, however far away that is. */
  runAt(time: number, callback: () => void): NodeJS.Timeout {
    return this.#add(callback, Math.max(0, time - this.date.getTime()), false);
  }

  /** Timers that have not run yet, and intervals. */
  get pending(): readonly VirtualTimer[] {
    return [...this.#timers];
  }

  /**
   * Moves the time to the next timer that is due until `limit` (milliseconds since the beginning), and runs it.
   * @returns whether there was one
   */
  runNext(limit: number): boolean {
    const timer = this.#next();
    if (timer === undefined || timer.due > limit) return false;
    this.#elapsed = Math.max(this.#elapsed, timer.due);
    if (timer.isRepeating) timer.due = this.#elapsed + timer.ms;
    // In its new place, behind those that are due at the same time and were set before.
    this.#timers.delete(timer);
    if (timer.isRepeating) this.#timers.add(timer);
    timer.callback();
    return true;
  }

  /** Moves the time on without running anything. */
  moveTo(elapsed: number): void {
    this.#elapsed = Math.max(this.#elapsed, elapsed);
  }

  #add(callback: () => void, ms: number, isRepeating: boolean): NodeJS.Timeout {
    const timer = new VirtualTimer(callback, ms, isRepeating, this.#elapsed + ms);
    this.#timers.add(timer);
    return timer as unknown as NodeJS.Timeout;
  }

  /** The set is in the order of setting, so the first of equals is the right one. */
  #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.due < next.due) next = timer;
    return next;
  }
}

/** As in Node, nothing is due sooner than in a millisecond. */
function checked(ms: number): number {
  if (ms > MAX_TIMEOUT_MS) {
    throw new RangeError(
      `A timer of ${ms} ms is longer than Node's ${MAX_TIMEOUT_MS} ms, and would fire at once. Use @Cron, or set a timer anew each day.`,
    );
  }
  return ms >= 1 ? ms : 1;
}
