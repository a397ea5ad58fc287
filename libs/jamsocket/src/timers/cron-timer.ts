import type { CronJob } from 'cron';
import type { CronOptions } from '../base/sources.js';
import { Pending, type TimerHost } from './pending-timer.js';

/** A timer of `@Cron`. */
export class CronTimer extends Pending {
  /** The timeout of the job's `initialDelay`. */
  #delay: NodeJS.Timeout | undefined = undefined;

  constructor(host: TimerHost, name: string, method: string) {
    super(host, 'cron', name, method);
  }

  start(options: CronOptions): void {
    const { clock } = this.host;
    const job = clock.startCronJob({ ...options, disabled: true }, () => this.#tick());
    this.host.register(this, job);
    if (options.disabled === true) return;
    const initialDelay = options.initialDelay as number | undefined;
    if (initialDelay === undefined || initialDelay === 0) this.#startJob();
    else this.#delay = clock.setTimeout(() => this.#startJob(), initialDelay);
  }

  override stop(): void {
    if (this.#delay !== undefined) this.host.clock.clearTimeout(this.#delay);
    this.host.unregister(this);
  }

  /** A job whose date has passed is removed. */
  #startJob(): void {
    if (!willFire(this.handle as CronJob)) this.host.drop(this);
  }

  #tick(): void {
    this.isOver = (this.handle as CronJob | undefined)?.runOnce === true;
    if (this.isOver) this.host.unregister(this);
    this.host.post(this);
  }
}

/** Starts the job. @returns whether it will fire */
function willFire(job: CronJob): boolean {
  try {
    job.start();
  } catch (error) {
    if (!job.runOnce) throw error;
    return false;
  }
  return job.isActive;
}
