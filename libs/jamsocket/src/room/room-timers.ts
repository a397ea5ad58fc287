import type { CronJob } from 'cron';
import { JamsocketError } from '../base/errors.js';
import { MAX_TIMEOUT_MS, type CronOptions, type JamsocketClock } from '../base/sources.js';
import type { SavedTimer } from '../durable/record.js';
import type { RoomEvent, RoomTimer } from './room-event.js';
import type { ScheduledMethod } from './room-definition.js';
import {
  keyOf,
  Pending,
  timerName,
  type PendingTimer,
  type TimerHandle,
  type TimerRegistry,
  type TimerType,
} from './timer-registry.js';

/** What a room offers to its timers. */
interface TimerOwner {
  readonly definition: {
    readonly service: string;
    readonly paramNames: readonly string[];
    readonly timers: ReadonlySet<string>;
  };
  readonly address: { readonly params: Readonly<Record<string, string>> };
  postDetached(event: RoomEvent): void;
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
export class RoomTimers {
  readonly #registry: TimerRegistry;
  readonly #clock: JamsocketClock;
  /** By type and name. Made when the first timer is set: most rooms have none. */
  #pending: Map<string, Pending> | null = null;
  #suspended: readonly SavedTimer[] | null = null;

  constructor(
    private readonly room: TimerOwner,
    { timers, clock }: { readonly timers: TimerRegistry; readonly clock: JamsocketClock },
  ) {
    this.#registry = timers;
    this.#clock = clock;
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
    if (ms > 0) this.#addWait('timeout', name, ms, undefined);
  }

  /** Cancels a timer: that of `setTimer` if an `@OnTimer` has this name, otherwise those of Nest's decorators. */
  clear(name: string): void {
    if (this.room.definition.timers.has(name)) this.#clear('timeout', name);
    else for (const type of TYPES) this.#clear(type, name);
  }

  get pending(): readonly PendingTimer[] {
    return [...(this.#pending?.values() ?? [])];
  }

  get size(): number {
    return this.#pending?.size ?? 0;
  }

  /** Timers of `setTimer` that have not had their turns, as they are saved with a durable room. */
  saved(wallOffset: number): readonly SavedTimer[] {
    return this.#suspended ?? this.#saved(wallOffset);
  }

  /** Stops all timers and remembers them for the last save. */
  suspend(): void {
    this.#suspended ??= this.#saved(this.#clock.wallTime() - this.#clock.now());
    this.clearAll();
  }

  /** Restarts saved timers. An overdue timer fires as soon as the room has started. */
  restore(timers: readonly SavedTimer[], { wallOffset, mayHaveRun }: RestoreMoment): void {
    for (const { name, dueAt, attempt } of timers) {
      if (!this.room.definition.timers.has(name)) continue;
      const timer = this.#add(new Pending('timeout', name, undefined, undefined));
      const ms = dueAt - wallOffset - this.#clock.now();
      timer.attempt = attempt;
      if (ms > 0) {
        this.#wait(timer, ms);
        continue;
      }
      timer.dueAt = dueAt - wallOffset;
      // The crash may have interrupted its turn.
      if (mayHaveRun) timer.attempt++;
      this.#fire(timer);
    }
  }

  #saved(wallOffset: number): readonly SavedTimer[] {
    const own = this.pending.filter(({ type, method }) => type === 'timeout' && method === undefined) as Pending[];
    return own.map(({ name, dueAt, attempt }) => ({ name, dueAt: Math.round(dueAt! + wallOffset), attempt }));
  }

  clearAll(): void {
    for (const { type, name } of this.pending) this.#clear(type, name);
  }

  /** Starts what Nest's `@Interval`, `@Timeout` and `@Cron` ask for, once per room. */
  schedule(methods: readonly ScheduledMethod[]): void {
    for (const { name, method, trigger } of methods) {
      if (trigger.type === 'cron') this.#addCron(name, trigger.options, method);
      else this.#addWait(trigger.type, name, trigger.ms, method);
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
    const dueIn = dueAt! - this.#clock.now();
    return { attempt, dueAt: new Date(Math.round(this.#clock.wallTime() + dueIn)) };
  }

  #clear(type: TimerType, name: string): void {
    const timer = this.#pending?.get(keyOf(type, name));
    if (timer === undefined) return;
    this.#pending!.delete(timer.key);
    timer.isCancelled = true;
    if (timer.delay !== undefined) this.#clock.clearTimeout(timer.delay);
    if (type === 'interval' && timer.everyMs! <= MAX_TIMEOUT_MS)
      this.#clock.clearInterval(timer.handle as NodeJS.Timeout);
    else if (type !== 'cron') this.#clock.clearTimeout(timer.handle as NodeJS.Timeout);
    this.#unregister(timer);
  }

  /** Computed when needed: stored in a field it would cost every idle room a hundred bytes. */
  #registered(name: string): string {
    const { definition, address } = this.room;
    const roomPath = definition.paramNames.map((param) => address.params[param]);
    return timerName(definition.service, roomPath, name);
  }

  #register(timer: Pending, handle: TimerHandle): void {
    timer.handle = handle;
    this.#registry.add(timer.type, this.#registered(timer.name), handle);
  }

  #unregister(timer: Pending): void {
    if (timer.handle !== undefined) this.#registry.remove(timer.type, this.#registered(timer.name), timer.handle);
  }

  #addWait(type: 'timeout' | 'interval', name: string, ms: number, method: string | undefined): void {
    const everyMs = type === 'interval' ? ms : undefined;
    this.#wait(this.#add(new Pending(type, name, method, everyMs)), ms);
  }

  #add(timer: Pending): Pending {
    (this.#pending ??= new Map<string, Pending>()).set(timer.key, timer);
    return timer;
  }

  #wait(timer: Pending, ms: number): void {
    timer.dueAt = this.#clock.now() + ms;
    if (timer.type === 'interval' && ms <= MAX_TIMEOUT_MS)
      this.#register(
        timer,
        this.#clock.setInterval(() => this.#fire(timer), ms),
      );
    else this.#waitOn(timer, ms);
  }

  /** Node turns a timeout above MAX_TIMEOUT_MS into 1 ms, so a longer wait is made of several timeouts. */
  #waitOn(timer: Pending, ms: number): void {
    const handle = this.#clock.setTimeout(
      () => {
        this.#unregister(timer);
        const rest = ms > MAX_TIMEOUT_MS ? Math.ceil(timer.dueAt! - this.#clock.now()) : 0;
        if (rest > 0) this.#waitOn(timer, rest);
        else this.#fire(timer);
      },
      Math.min(ms, MAX_TIMEOUT_MS),
    );
    this.#register(timer, handle);
  }

  #fire(timer: Pending): void {
    const { everyMs } = timer;
    if (everyMs === undefined) timer.isOver = true;
    else if (everyMs > MAX_TIMEOUT_MS) this.#wait(timer, everyMs);
    else timer.dueAt = this.#clock.now() + everyMs;
    this.#postOnce(timer);
  }

  #addCron(name: string, options: CronOptions, method: string): void {
    const timer = this.#add(new Pending('cron', name, method, undefined));
    const job = this.#clock.startCronJob({ ...options, disabled: true }, () => this.#tick(timer));
    this.#register(timer, job);
    if (options.disabled === true) return;
    const initialDelay = options.initialDelay as number | undefined;
    if (initialDelay === undefined || initialDelay === 0) this.#start(timer);
    else timer.delay = this.#clock.setTimeout(() => this.#start(timer), initialDelay);
  }

  /** A job whose date has passed is removed. */
  #start(timer: Pending): void {
    if (!startJob(timer.handle as CronJob)) this.#clear('cron', timer.name);
  }

  #tick(timer: Pending): void {
    timer.isOver = (timer.handle as CronJob | undefined)?.runOnce === true;
    if (timer.isOver) this.#unregister(timer);
    this.#postOnce(timer);
  }

  #postOnce(timer: Pending): void {
    if (timer.isPosted) return;
    timer.isPosted = true;
    this.room.postDetached({ type: 'timer', timer });
  }
}

/** @returns whether the job will fire */
function startJob(job: CronJob): boolean {
  try {
    job.start();
  } catch (error) {
    if (!job.runOnce) throw error;
    return false;
  }
  return job.isActive;
}
