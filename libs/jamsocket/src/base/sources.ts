import { CronJob } from 'cron';
import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

/** Node stores a delay as a signed 32-bit integer and replaces a longer one by 1 ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The delay as Node applies it: at least 1 ms.
 * @throws RangeError for a delay that Node would silently replace by 1 ms
 */
export function checkedDelay(ms: number): number {
  if (ms <= MAX_TIMEOUT_MS) return ms >= 1 ? ms : 1;
  throw new RangeError(
    `A timer of ${ms} ms would fire at once: Node's timers wait ${MAX_TIMEOUT_MS} ms at most. Use ctx.setTimer, @Timeout or @Interval of a room, which wait longer, or @Cron.`,
  );
}

/**
 * The clock of all rooms. The class is also the injection token: provide your own in a test to run on virtual time.
 * Durations are milliseconds on a monotonic clock, so a jump of the wall clock has no effect. Only times that are saved
 * for another process are wall time.
 */
export abstract class JamsocketClock {
  /** Milliseconds of a monotonic clock; only differences have a meaning. */
  abstract now(): number;

  /** Milliseconds since 1970, for times that another process reads. Never use it to measure a duration. */
  wallTime(): number {
    return Date.now();
  }

  /** @throws RangeError if `ms` is not a number up to 2,147,483,647 */
  abstract setTimeout(callback: () => void, ms: number): NodeJS.Timeout;
  /** Cancels a timer of `setTimeout`. */
  abstract clearTimeout(timer: NodeJS.Timeout): void;
  /** @throws RangeError if `ms` is not a number up to 2,147,483,647 */
  abstract setInterval(callback: () => void, ms: number): NodeJS.Timeout;
  /** Cancels a timer of `setInterval`. */
  abstract clearInterval(timer: NodeJS.Timeout): void;

  /** Starts a job of Nest's `@Cron`, unless it is disabled. A clock with its own wall time overrides this. */
  startCronJob(options: CronOptions, onTick: () => void): CronJob {
    return CronJob.from({ ...options, onTick, start: options.disabled !== true } as never);
  }
}

/** What `@Cron` was given. */
export type CronOptions = { readonly cronTime: unknown; readonly disabled?: boolean } & Readonly<
  Record<string, unknown>
>;

/** The source of randomness for room ids, tokens and delays. The class is also the injection token. */
export abstract class JamsocketRandom {
  /** A random UUID, version 4. */
  abstract uuid(): string;
  /** An integer from 0 to 4,294,967,295. */
  abstract uint32(): number;
  /** 128 unguessable bits as 22 characters. */
  token(): string {
    return randomBytes(16).toString('base64url');
  }
}

export class SystemClock extends JamsocketClock {
  now(): number {
    return performance.now();
  }
  setTimeout(callback: () => void, ms: number): NodeJS.Timeout {
    return setTimeout(callback, checkedDelay(ms));
  }
  clearTimeout(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
  }
  setInterval(callback: () => void, ms: number): NodeJS.Timeout {
    return setInterval(callback, checkedDelay(ms));
  }
  clearInterval(timer: NodeJS.Timeout): void {
    clearInterval(timer);
  }
}

export class SystemRandom extends JamsocketRandom {
  uuid(): string {
    return randomUUID();
  }
  uint32(): number {
    return randomBytes(4).readUInt32LE(0);
  }
}
