import { SchedulerRegistry } from '@nestjs/schedule';
import type { CronJob } from 'cron';

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

  addTimeout(name: string, timer: NodeJS.Timeout): void {
    this.#registry.addTimeout(name, timer);
  }

  addInterval(name: string, timer: NodeJS.Timeout): void {
    this.#registry.addInterval(name, timer);
  }

  addCronJob(name: string, job: CronJob): void {
    this.#registry.addCronJob(name, job);
  }

  /** Also clears the timer, or stops the job. */
  remove(type: 'timeout' | 'interval' | 'cron', name: string): void {
    if (!this.#registry.doesExist(type, name)) return;
    if (type === 'timeout') this.#registry.deleteTimeout(name);
    else if (type === 'interval') this.#registry.deleteInterval(name);
    else this.#registry.deleteCronJob(name);
  }
}
