import { JamsocketError } from '../base/errors.js';
import type { CronOptions, JamsocketClock } from '../base/sources.js';
import type { SavedTimer } from '../durable/record.js';
import type { ScheduledMethod } from './scheduled-method.js';
import { CronTimer } from './cron-timer.js';
import { DelayTimer } from './delay-timer.js';
import {
  keyOf,
  type Pending,
  type PendingTimer,
  type RoomTimer,
  type TimerHandle,
  type TimerHost,
  type TimerType,
} from './pending-timer.js';
import { timerName, type TimerRegistry } from './timer-registry.js';

/** What a room offers to its timers. */
interface TimerOwner {
  readonly definition: {
    readonly service: string;
    readonly paramNames: readonly string[];
    readonly timers: ReadonlySet<string>;
  };
  readonly address: { readonly params: Readonly<Record<string, string>> };
  /** Posts an event into the mailbox. */
  timerFired(timer: RoomTimer): void;
}

/** The second argument of `@OnTimer` handlers, after the context. */
export interface TimerFiring {
  /** 1, or more if a crash may have interrupted earlier tries: check before you repeat an effect such as a payment. */
  readonly attempt: number;
  /** When the timer was due. */
  readonly dueAt: Date;
}

/** The circumstances of a restore. */
interface RestoreMoment {
  /** Milliseconds since 1970 at 0 on the clock. */
  readonly wallOffset: number;
  /** The last instance crashed: the handlers of timers that were due may have begun. */
  readonly mayHaveRun: boolean;
}

const TYPES: readonly TimerType[] = ['timeout', 'interval', 'cron'];

/**
 * The timers of one room. A timer that fires posts an event into the mailbox and never calls into the room.
 * While it is pending it is in the SchedulerRegistry as `jamsocket:<service>/<room>:<name>`.
 */
export class RoomTimers implements TimerHost {
  readonly clock: JamsocketClock;
  readonly #registry: TimerRegistry;
  /** By type and name. Made when the first timer is set: most rooms have none. */
  #pending: Map<string, Pending> | null = null;
  #suspended: readonly SavedTimer[] | null = null;

  constructor(
    private readonly room: TimerOwner,
    { timers, clock }: { readonly timers: TimerRegistry; readonly clock: JamsocketClock },
  ) {
    this.#registry = timers;
    this.clock = clock;
  }

  /**
   * Sets a timer; one with the same name is replaced. 0 ms cancels it.
   * @throws JamsocketError `bad_timer` if `ms` is negative or not a finite number
   */
  set(name: string, ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new JamsocketError(
        'bad_timer',
        `Timer "${name}": ${String(ms)} is not a number of milliseconds: use 0 (which cancels it) or more.`,
      );
    }
    this.#clear('timeout', name);
    if (ms === 0) return;
    if (this.#suspended === null) this.#add(new DelayTimer(this, name, undefined, undefined)).wait(ms);
    else this.#suspended = [...this.#suspended, savedTimer(name, this.clock.wallTime() + ms, 1)];
  }

  /** Cancels a timer: that of `setTimer` if an `@OnTimer` has this name, otherwise those of Nest's decorators. */
  clear(name: string): void {
    if (this.room.definition.timers.has(name)) this.#clear('timeout', name);
    else for (const type of TYPES) this.#clear(type, name);
  }

  clearAll(): void {
    for (const { type, name } of this.pending) this.#clear(type, name);
  }

  get pending(): readonly PendingTimer[] {
    return [...(this.#pending?.values() ?? [])];
  }

  get size(): number {
    return this.#pending?.size ?? 0;
  }

  /** Starts what Nest's `@Interval`, `@Timeout` and `@Cron` ask for, once per room. */
  schedule(methods: readonly ScheduledMethod[]): void {
    for (const { name, method, trigger } of methods) {
      if (trigger.type === 'cron') this.#addCron(name, trigger.options, method);
      else {
        const everyMs = trigger.type === 'interval' ? trigger.ms : undefined;
        this.#add(new DelayTimer(this, name, method, everyMs)).wait(trigger.ms);
      }
    }
  }

  /** Timers of `setTimer` that have not had their turns, as they are saved with a durable room. */
  saved(wallOffset: number): readonly SavedTimer[] {
    return this.#suspended ?? this.#saved(wallOffset);
  }

  /** Stops all timers and remembers them for the last save. */
  suspend(): void {
    const saved = this.#saved(this.clock.wallTime() - this.clock.now());
    this.clearAll();
    this.#suspended ??= saved;
  }

  /** Restarts saved timers. An overdue timer fires as soon as the room has started. */
  restore(timers: readonly SavedTimer[], { wallOffset, mayHaveRun }: RestoreMoment): void {
    for (const { name, dueAt, attempt } of timers) {
      if (!this.room.definition.timers.has(name)) continue;
      const timer = this.#add(new DelayTimer(this, name, undefined, undefined));
      const ms = dueAt - wallOffset - this.clock.now();
      timer.attempt = attempt;
      timer.savedDueAt = dueAt;
      if (ms > 0) {
        timer.wait(ms);
        continue;
      }
      timer.dueAt = dueAt - wallOffset;
      // The crash may have interrupted its turn.
      if (mayHaveRun) timer.attempt++;
      timer.fire();
    }
  }

  /** The timer's turn has come. @returns false if it was cancelled in the meantime */
  taken(timer: RoomTimer): boolean {
    const pending = timer as Pending;
    pending.isPosted = false;
    if (pending.isCancelled) return false;
    if (pending.isOver) this.#pending!.delete(pending.key);
    return true;
  }

  /** The second argument for the handler of a `setTimer`. */
  firingOf(timer: RoomTimer): TimerFiring {
    const { dueAt, attempt } = timer as Pending;
    const dueIn = dueAt! - this.clock.now();
    return { attempt, dueAt: new Date(Math.round(this.clock.wallTime() + dueIn)) };
  }

  register(timer: Pending, handle: TimerHandle): void {
    timer.handle = handle;
    this.#registry.add(timer.type, this.#registered(timer.name), handle);
  }

  unregister(timer: Pending): void {
    if (timer.handle !== undefined) this.#registry.remove(timer.type, this.#registered(timer.name), timer.handle);
  }

  post(timer: Pending): void {
    if (timer.isPosted) return;
    timer.isPosted = true;
    this.room.timerFired(timer);
  }

  drop(timer: Pending): void {
    this.#pending!.delete(timer.key);
    timer.isCancelled = true;
    timer.stop();
  }

  #clear(type: TimerType, name: string): void {
    if (type === 'timeout' && this.#suspended !== null)
      this.#suspended = this.#suspended.filter((timer) => timer.name !== name);
    const timer = this.#pending?.get(keyOf(type, name));
    if (timer !== undefined) this.drop(timer);
  }

  #add<T extends Pending>(timer: T): T {
    (this.#pending ??= new Map<string, Pending>()).set(timer.key, timer);
    return timer;
  }

  #addCron(name: string, options: CronOptions, method: string): void {
    this.#add(new CronTimer(this, name, method)).start(options);
  }

  #saved(wallOffset: number): readonly SavedTimer[] {
    const own = this.pending.filter(({ type, method }) => type === 'timeout' && method === undefined) as Pending[];
    return own.map((timer) => savedTimer(timer.name, timer.wallDueAt(wallOffset), timer.attempt));
  }

  /** Computed when needed: stored in a field it would cost every idle room a hundred bytes. */
  #registered(name: string): string {
    const { definition, address } = this.room;
    const roomPath = definition.paramNames.map((param) => address.params[param]);
    return timerName(definition.service, roomPath, name);
  }
}

/** The last moment that a `Date` can be, in milliseconds since 1970. Stores take whole numbers that are exact. */
const END_OF_TIME = 8.64e15;

function savedTimer(name: string, dueAt: number, attempt: number): SavedTimer {
  return { name, dueAt: Math.min(Math.round(dueAt), END_OF_TIME), attempt };
}
