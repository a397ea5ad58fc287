import type { CronJob } from 'cron';
import type { JamsocketClock } from '../base/sources.js';

/** The wall clock has whole milliseconds, and the two are read one after the other. */
const CLOCKS_DIFFER_MS = 5;

/** The maps of a `SchedulerRegistry`. A name is unique within its type. */
export type TimerType = 'timeout' | 'interval' | 'cron';

/** A timer's entry in the registry. */
export type TimerHandle = NodeJS.Timeout | CronJob;

/** A timer that will fire. */
export interface PendingTimer {
  readonly name: string;
  readonly type: TimerType;
  /** The method that Nest's decorator is on; `undefined` for `setTimer`. */
  readonly method?: string;
  /** Milliseconds on the room's clock; `undefined` for a cron job. */
  readonly dueAt: number | undefined;
}

/** A timer that has fired. If it is cancelled before its turn, it is not handled. */
export interface RoomTimer {
  readonly name: string;
  /** The method decorated with Nest's `@Interval`, `@Timeout` or `@Cron`; `undefined` for `setTimer`. */
  readonly method?: string;
  isCancelled: boolean;
}

/** What the timers of a room have in common. */
export interface TimerHost {
  readonly clock: JamsocketClock;
  /** Lists the timer's present handle in the `SchedulerRegistry`. */
  register(timer: Pending, handle: TimerHandle): void;
  unregister(timer: Pending): void;
  /** The timer has fired. */
  post(timer: Pending): void;
  /** The timer will never fire. */
  drop(timer: Pending): void;
}

/** A room's own record of one of its timers. */
export abstract class Pending implements RoomTimer, PendingTimer {
  dueAt: number | undefined = undefined;
  /** `dueAt` as it was saved last, in milliseconds since 1970. */
  savedDueAt: number | undefined = undefined;
  /** The registered handle: the cron job, or the present timeout or interval. */
  handle: TimerHandle | undefined = undefined;
  isCancelled = false;
  /** Number of the next try, counting earlier tries that a crash may have interrupted. */
  attempt = 1;
  /** Its event waits in the mailbox: an interval posts no second one until then. */
  isPosted = false;
  /** The timer does not fire again. */
  isOver = false;

  constructor(
    protected readonly host: TimerHost,
    readonly type: TimerType,
    readonly name: string,
    readonly method: string | undefined,
  ) {}

  /**
   * `dueAt` in milliseconds since 1970. The two clocks never agree to the millisecond: the same number is returned while they
   * differ by no more than that, so that the timer is not saved again and again.
   * @param wallOffset milliseconds since 1970 at 0 on the clock
   */
  wallDueAt(wallOffset: number): number {
    const dueAt = this.dueAt! + wallOffset;
    if (this.savedDueAt === undefined || Math.abs(dueAt - this.savedDueAt) > CLOCKS_DIFFER_MS) this.savedDueAt = dueAt;
    return this.savedDueAt;
  }

  get key(): string {
    return keyOf(this.type, this.name);
  }

  /** Cancels the wait for the next firing. */
  abstract stop(): void;
}

/** The type is part of the key: as in Nest, an interval and a timeout may have the same name. */
export function keyOf(type: TimerType, name: string): string {
  return `${type}:${name}`;
}
