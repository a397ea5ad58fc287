import { JamsocketError } from '../base/errors.js';
import { MAX_TIMEOUT_MS } from '../options/rules.js';
import type { CronOptions, JamsocketClock } from '../base/sources.js';
import type { RoomEvent, RoomTimer } from './room-event.js';
import type { ScheduledMethod } from './room-definition.js';
import type { TimerRegistry } from './timer-registry.js';

/** A timer that has not fired yet, or an interval. */
export interface PendingTimer {
  readonly name: string;
  readonly type: 'timeout' | 'interval' | 'cron';
  /** Milliseconds on the room's clock; the calendar alone knows that of a cron job. */
  readonly dueAt: number | undefined;
}

interface Pending extends RoomTimer, PendingTimer {
  dueAt: number | undefined;
  readonly handle?: NodeJS.Timeout;
  /** An interval's event waits in the mailbox: another one would only pile up. */
  isPosted: boolean;
}

/** Whose timers these are. */
interface TimerOwner {
  readonly definition: { readonly service: string };
  readonly address: { readonly key: string };
  post(event: RoomEvent): unknown;
}

/**
 * The timers of one room. A timer that fires posts an event into the mailbox and never calls into the room.
 * While it is pending it is in the SchedulerRegistry as `jamsocket:<service>/<key>:<name>`.
 */
export class RoomTimers {
  readonly #registry: TimerRegistry;
  readonly #clock: JamsocketClock;
  /** Made when the first timer is set: most rooms have none. */
  #pending: Map<string, Pending> | null = null;

  constructor(
    private readonly room: TimerOwner,
    { timers, clock }: { readonly timers: TimerRegistry; readonly clock: JamsocketClock },
  ) {
    this.#registry = timers;
    this.#clock = clock;
  }

  /**
   * Sets a timer, in place of the one of the same name. 0 ms cancels it.
   * @throws JamsocketError `bad_timer` if `ms` is not a number from 0 to 2^31 - 1
   */
  set(name: string, ms: number): void {
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= MAX_TIMEOUT_MS)) {
      throw new JamsocketError(
        'bad_timer',
        `Timer "${name}": ${ms} is not a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}.`,
      );
    }
    this.clear(name);
    if (ms > 0) this.#addTimeout(name, ms, undefined);
  }

  clear(name: string): void {
    const timer = this.#pending?.get(name);
    if (timer === undefined) return;
    this.#pending!.delete(name);
    timer.isCancelled = true;
    if (timer.type === 'interval') this.#clock.clearInterval(timer.handle!);
    else if (timer.type === 'timeout') this.#clock.clearTimeout(timer.handle!);
    this.#registry.remove(timer.type, this.#registered(name));
  }

  get pending(): readonly PendingTimer[] {
    return [...(this.#pending?.values() ?? [])];
  }

  get size(): number {
    return this.#pending?.size ?? 0;
  }

  clearAll(): void {
    for (const name of [...(this.#pending?.keys() ?? [])]) this.clear(name);
  }

  /** Starts what Nest's `@Interval`, `@Timeout` and `@Cron` ask for, once per room. */
  schedule(methods: readonly ScheduledMethod[]): void {
    for (const { name, method, trigger } of methods) {
      if (trigger.type === 'timeout') this.#addTimeout(name, trigger.ms, method);
      else if (trigger.type === 'interval') this.#addInterval(name, trigger.ms, method);
      else this.#addCron(name, trigger.options, method);
    }
  }

  /** Made when it is needed: as a field it would be a hundred bytes of every idle room. */
  #registered(name: string): string {
    return `jamsocket:${this.room.definition.service}/${this.room.address.key}:${name}`;
  }

  #addTimeout(name: string, ms: number, method: string | undefined): void {
    const handle = this.#clock.setTimeout(() => {
      this.#registry.remove('timeout', this.#registered(name));
      this.room.post({ type: 'timer', timer });
    }, ms);
    const dueAt = this.#clock.now() + ms;
    const timer: Pending = { type: 'timeout', name, method, isCancelled: false, isPosted: false, handle, dueAt };
    this.#add(timer, () => this.#registry.addTimeout(this.#registered(name), handle));
  }

  #addInterval(name: string, ms: number, method: string): void {
    const handle = this.#clock.setInterval(() => {
      timer.dueAt = this.#clock.now() + ms;
      this.#postOnce(timer);
    }, ms);
    const dueAt = this.#clock.now() + ms;
    const timer: Pending = { type: 'interval', name, method, isCancelled: false, isPosted: false, handle, dueAt };
    this.#add(timer, () => this.#registry.addInterval(this.#registered(name), handle));
  }

  #addCron(name: string, options: CronOptions, method: string): void {
    const timer: Pending = { type: 'cron', name, method, isCancelled: false, isPosted: false, dueAt: undefined };
    const job = this.#clock.startCronJob(options, () => this.#postOnce(timer));
    this.#add(timer, () => this.#registry.addCronJob(this.#registered(name), job));
  }

  #add(timer: Pending, register: () => void): void {
    (this.#pending ??= new Map<string, Pending>()).set(timer.name, timer);
    try {
      register();
    } catch (error) {
      this.clear(timer.name);
      throw error;
    }
  }

  #postOnce(timer: Pending): void {
    if (timer.isPosted) return;
    timer.isPosted = true;
    this.room.post({ type: 'timer', timer });
  }

  /** The room has begun to handle the timer's event. @returns whether it still should */
  taken(timer: RoomTimer): boolean {
    const pending = timer as Pending;
    pending.isPosted = false;
    if (pending.isCancelled) return false;
    if (pending.type === 'timeout') this.#pending!.delete(pending.name);
    return true;
  }
}
