import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { CronJob } from 'cron';
import { logWarning } from '../base/log.js';
import type { RoomTimer } from './room-event.js';

/** The maps of a `SchedulerRegistry`: a timer has its name among those of its type. */
export type TimerType = 'timeout' | 'interval' | 'cron';

/** What stands in the registry for a timer. */
export type TimerHandle = NodeJS.Timeout | CronJob;

/** A timer that has not fired yet, or an interval. */
export interface PendingTimer {
  readonly name: string;
  readonly type: TimerType;
  /** The method Nest's decorators started it for; `undefined` for `setTimer`. */
  readonly method?: string;
  /** Milliseconds on the room's clock; the calendar alone knows that of a cron job. */
  readonly dueAt: number | undefined;
}

/** What a room keeps of a timer of its own. */
export class Pending implements RoomTimer, PendingTimer {
  dueAt: number | undefined = undefined;
  /** What is registered for it: the job, or the wait that is under way. */
  handle: TimerHandle | undefined = undefined;
  /** A job's `initialDelay`, while it lasts. */
  delay: NodeJS.Timeout | undefined = undefined;
  isCancelled = false;
  /** Which try the next turn is, earlier ones that a crash may have cut short included. */
  attempt = 1;
  /** Its event waits in the mailbox: another one of an interval would only pile up. */
  isPosted = false;
  /** It does not fire again. */
  isOver = false;

  /** @param everyMs milliseconds between two ticks of an interval */
  constructor(
    readonly type: TimerType,
    readonly name: string,
    readonly method: string | undefined,
    readonly everyMs: number | undefined,
  ) {}

  get key(): string {
    return keyOf(this.type, this.name);
  }
}

const logger = new Logger('Jamsocket');

/**
 * The application's `SchedulerRegistry`, where every pending timer of every room can be seen. Entries that somebody
 * else took out (the scheduler clears them all when the application shuts down) are no mistake here.
 */
export class TimerRegistry {
  #registry: SchedulerRegistry = new SchedulerRegistry();

  /** From now on timers go into this registry. */
  use(registry: SchedulerRegistry): void {
    this.#registry = registry;
  }

  /** A name that the application uses itself stays the application's: the timer runs without being listed. */
  add(type: TimerType, name: string, handle: TimerHandle): void {
    if (this.#registry.doesExist(type, name)) {
      const line = `A timer of a room is not in the SchedulerRegistry: the application has a ${type} named "${name}".`;
      logWarning(logger, line, null);
      return;
    }
    if (type === 'timeout') this.#registry.addTimeout(name, handle);
    else if (type === 'interval') this.#registry.addInterval(name, handle);
    else this.#registry.addCronJob(name, handle as CronJob);
  }

  /** Takes the timer out, and clears it or stops its job. Another timer of this name is left alone. */
  remove(type: TimerType, name: string, handle: TimerHandle): void {
    if (!this.#has(type, name, handle)) {
      if (type === 'cron') void (handle as CronJob).stop();
    } else if (type === 'timeout') this.#registry.deleteTimeout(name);
    else if (type === 'interval') this.#registry.deleteInterval(name);
    else this.#registry.deleteCronJob(name);
  }

  #has(type: TimerType, name: string, handle: TimerHandle): boolean {
    if (!this.#registry.doesExist(type, name)) return false;
    if (type === 'timeout') return this.#registry.getTimeout(name) === handle;
    if (type === 'interval') return this.#registry.getInterval(name) === handle;
    return this.#registry.getCronJob(name) === handle;
  }
}

/** An interval may have the name of a timeout, as in Nest. */
export function keyOf(type: TimerType, name: string): string {
  return `${type}:${name}`;
}

/**
 * The registry name of a room's timer: `jamsocket:<service>/<room>:<timer>`. Colons, slashes and percent signs within a
 * part are percent-encoded, so that two timers never have one name.
 */
export function timerName(service: string, roomPath: readonly string[], timer: string): string {
  return `jamsocket:${encode(service)}/${roomPath.map(encode).join('/')}:${encode(timer)}`;
}

function encode(part: string): string {
  return part.replace(/[%/:]/g, encodeURIComponent);
}
