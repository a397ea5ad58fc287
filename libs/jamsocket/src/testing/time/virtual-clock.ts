import type { CronJob } from 'cron';
import { checkedDelay, JamsocketClock, type CronOptions } from '../../base/sources.js';
import { VirtualCronJob } from './virtual-cron-job.js';
import { VirtualTimer } from './virtual-timer.js';

/** Default wall time at the start of a test. It is a Saturday. */
export const DEFAULT_NOW = new Date('2000-01-01T00:00:00.000Z');

/**
 * A clock that advances only when a test moves it. Timers run in the order in which they are due; timers that are due at
 * the same time run in the order in which they were set.
 */
export class VirtualClock extends JamsocketClock {
  readonly #timers = new Set<VirtualTimer>();
  #elapsed = 0;

  /**
   * @param start wall time at the start
   * @throws RangeError if it is not a valid Date
   */
  constructor(private readonly start: Date = DEFAULT_NOW) {
    super();
    if (!(start instanceof Date) || Number.isNaN(start.getTime())) {
      throw new RangeError(
        `The option \`now\`, at which the time of a test starts, is ${String(start)}: it must be a valid Date.`,
      );
    }
  }

  /** Milliseconds since the start. */
  now(): number {
    return this.#elapsed;
  }

  override wallTime(): number {
    return this.date.getTime();
  }

  /** Current wall time. */
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

  /** Runs `callback` when the wall time reaches `time`. There is no maximum. */
  runAt(time: number, callback: () => void): NodeJS.Timeout {
    return this.#add(callback, Math.max(0, time - this.date.getTime()), false);
  }

  /** The process that set the timers has ended: removes them. */
  dropAll(): void {
    this.#timers.clear();
  }

  /** Pending timers and intervals. */
  get pending(): readonly VirtualTimer[] {
    return [...this.#timers];
  }

  /**
   * Moves the time to the next timer that is due until `limit` (milliseconds since the start), and runs it.
   * @returns false if there is none
   */
  runNext(limit: number): boolean {
    const timer = this.#next();
    if (timer === undefined || timer.due > limit) return false;
    this.#elapsed = Math.max(this.#elapsed, timer.due);
    if (timer.isRepeating) timer.due = this.#elapsed + timer.ms;
    // An interval moves to the end, after timers that were set before and are due at the same time.
    this.#timers.delete(timer);
    if (timer.isRepeating) this.#timers.add(timer);
    timer.callback();
    return true;
  }

  /** Moves the time without running timers. */
  moveTo(elapsed: number): void {
    this.#elapsed = Math.max(this.#elapsed, elapsed);
  }

  #add(callback: () => void, ms: number, isRepeating: boolean): NodeJS.Timeout {
    const timer = new VirtualTimer(callback, ms, isRepeating, this.#elapsed + ms);
    this.#timers.add(timer);
    return timer as unknown as NodeJS.Timeout;
  }

  /** The set has the order in which timers were set, so the first of several due at the same time is next. */
  #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.due < next.due) next = timer;
    return next;
  }
}
