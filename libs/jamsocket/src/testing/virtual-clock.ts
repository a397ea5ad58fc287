import type { CronJob } from 'cron';
import { checkedDelay, JamsocketClock, type CronOptions } from '../base/sources.js';
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

  /**
   * @param start what the wall clock says at the beginning; only `@Cron` looks at it
   * @throws RangeError if it is no date
   */
  constructor(private readonly start: Date = DEFAULT_NOW) {
    super();
    if (!(start instanceof Date) || Number.isNaN(start.getTime())) {
      throw new RangeError(`The time of a test begins at \`now\`, which is ${String(start)}: it must be a valid Date.`);
    }
  }

  /** Milliseconds since the beginning. */
  now(): number {
    return this.#elapsed;
  }

  override wallTime(): number {
    return this.date.getTime();
  }

  /** What the wall clock says. */
  get date(): Date {
    return new Date(this.start.getTime() + this.#elapsed);
  }

  setTimeout(callback: () => void, ms: number): NodeJS.Timeout {
    return this.#add(callback, checkedDelay(ms), false);
  }

  clearTimeout(timer: NodeJS.Timeout): void {
    this.#timers.delete(timer as unknown as VirtualTimer);
  }

  setInterval(callback: () => void, ms: number): NodeJS.Timeout {
    return this.#add(callback, checkedDelay(ms), true);
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
