import { Logger } from '@nestjs/common';
import type { CronJob } from 'cron';
import { logWarning } from '../base/log.js';
import type { TimerHandle, TimerType } from './pending-timer.js';
import type { SchedulerRegistry } from './scheduler-registry.js';

const logger = new Logger('Jamsocket');

/**
 * Lists the pending timers of all rooms in the application's `SchedulerRegistry`, if it has one. An entry may be missing:
 * the scheduler clears the registry when the application shuts down.
 */
export class TimerRegistry {
  #registry: SchedulerRegistry | null = null;

  /** Lists timers here from now on. */
  use(registry: SchedulerRegistry | null): void {
    this.#registry = registry;
  }

  /** If the application already uses the name, its entry stays, and this timer runs without being listed. */
  add(type: TimerType, name: string, handle: TimerHandle): void {
    if (this.#registry === null) return;
    if (this.#registry.doesExist(type, name)) {
      const line = `A timer of a room is not in the SchedulerRegistry: the application has a ${type} named "${name}".`;
      logWarning(logger, line, null);
      return;
    }
    if (type === 'timeout') this.#registry.addTimeout(name, handle);
    else if (type === 'interval') this.#registry.addInterval(name, handle);
    else this.#registry.addCronJob(name, handle as CronJob);
  }

  /** Removes the timer and clears it or stops its job. Another timer with this name is not touched. */
  remove(type: TimerType, name: string, handle: TimerHandle): void {
    const registry = this.#registry;
    if (registry === null || !has(registry, type, name, handle)) {
      if (type === 'cron') void (handle as CronJob).stop();
    } else if (type === 'timeout') registry.deleteTimeout(name);
    else if (type === 'interval') registry.deleteInterval(name);
    else registry.deleteCronJob(name);
  }
}

function has(registry: SchedulerRegistry, type: TimerType, name: string, handle: TimerHandle): boolean {
  if (!registry.doesExist(type, name)) return false;
  if (type === 'timeout') return registry.getTimeout(name) === handle;
  if (type === 'interval') return registry.getInterval(name) === handle;
  return registry.getCronJob(name) === handle;
}

/**
 * The registry name of a room's timer: `jamsocket:<service>/<room>:<timer>`. Colons, slashes and percent signs within a
 * part are percent-encoded, so that two timers never share a name.
 */
export function timerName(service: string, roomPath: readonly string[], timer: string): string {
  return `jamsocket:${encode(service)}/${roomPath.map(encode).join('/')}:${encode(timer)}`;
}

function encode(part: string): string {
  return part.replace(/[%/:]/g, encodeURIComponent);
}
