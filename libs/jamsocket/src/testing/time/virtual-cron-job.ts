import { CronJob } from 'cron';
import type { CronOptions } from '../../base/sources.js';

/** What a job uses of the clock. An interface, since the clock's file imports this one. */
interface WallClock {
  readonly date: Date;
  runAt(time: number, callback: () => void): NodeJS.Timeout;
  clearTimeout(timer: NodeJS.Timeout): void;
}

type NextDate = ReturnType<CronJob['nextDate']>;

/** A cron job on a test's wall time: `cron` computes the dates, the virtual clock waits for them. */
export class VirtualCronJob extends CronJob {
  #timer: NodeJS.Timeout | null = null;

  constructor(
    options: CronOptions,
    onTick: () => void,
    private readonly clock: WallClock,
  ) {
    const { cronTime, timeZone, utcOffset, waitForCompletion, name } = options;
    // The types of cron require that only one of time zone and offset is given, which @Cron ensures.
    super(
      ...([cronTime, onTick, null, false, timeZone, null, false, utcOffset, false, waitForCompletion] as never as [
        string,
        () => void,
      ]),
    );
    if (typeof name === 'string') this.name = name;
  }

  override get isActive(): boolean {
    return this.#timer !== null;
  }

  override start(): void {
    if (this.#timer !== null) return;
    const next = this.nextDate().toMillis();
    if (next < this.clock.date.getTime()) return;
    this.#timer = this.clock.runAt(next, () => {
      this.#timer = null;
      this.lastExecution = this.clock.date;
      if (!this.runOnce) this.start();
      void this.fireOnTick();
    });
  }

  override stop(): undefined {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  override nextDate(): NextDate {
    const { cronTime } = this;
    if (cronTime.realDate) return cronTime.source as NextDate;
    // `sendAt()` uses the system's time, but its result has the job's time zone.
    return cronTime.getNextDateFrom(this.clock.date, cronTime.sendAt().zone);
  }
}
