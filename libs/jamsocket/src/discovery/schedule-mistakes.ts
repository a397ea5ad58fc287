import type { Type } from '@nestjs/common';
import { CronTime } from 'cron';
import { inspect } from 'node:util';
import { JamsocketConfigurationError } from '../base/errors.js';
import { MAX_TIMEOUT_MS, type CronOptions } from '../base/sources.js';
import type { ScheduledMethod } from '../timers/scheduled-method.js';

const DECORATORS = { timeout: '@Timeout', interval: '@Interval', cron: '@Cron' } as const;

/**
 * Finds invalid schedules at boot, as Nest's scheduler does for other providers. Otherwise no room would start.
 * @param timers the methods with `@OnTimer`, by the timer's name
 * @throws JamsocketConfigurationError
 */
export function refuseScheduleMistakes(
  type: Type,
  scheduled: readonly ScheduledMethod[],
  timers: ReadonlyMap<string, string>,
): void {
  // A timer of `setTimer` is a timeout: it shares its names with @Timeout.
  const seen = new Map(
    [...timers].map(([name, method]) => [`timeout:${name}`, { decorator: `@OnTimer('${name}')`, method }]),
  );
  for (const { name, method, trigger } of scheduled) {
    const mistake = trigger.type === 'cron' ? mistakeInCron(trigger.options) : mistakeInMs(trigger.ms);
    const decorator = DECORATORS[trigger.type];
    if (mistake !== undefined) {
      throw new JamsocketConfigurationError(
        `${type.name} has ${decorator} on ${method}() that cannot run: ${mistake}.`,
      );
    }
    const twin = seen.get(`${trigger.type}:${name}`);
    if (twin !== undefined) {
      throw new JamsocketConfigurationError(
        `${type.name} has ${twin.decorator} on ${twin.method}() and ${decorator} on ${method}() with the same name "${name}": rename one of them.`,
      );
    }
    seen.set(`${trigger.type}:${name}`, { decorator, method });
  }
}

/** There is no maximum: rooms split a time that is too long for Node's timers. */
function mistakeInMs(ms: unknown): string | undefined {
  if (Number.isFinite(ms) && (ms as number) >= 0) return undefined;
  return `its time is ${inspect(ms)}, but must be a number of milliseconds from 0`;
}

function mistakeInCron({ cronTime, timeZone, utcOffset, initialDelay = 0 }: CronOptions): string | undefined {
  if (!Number.isFinite(initialDelay) || (initialDelay as number) < 0 || (initialDelay as number) > MAX_TIMEOUT_MS) {
    return `its initialDelay is ${inspect(initialDelay)}, but must be a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}`;
  }
  if (typeof cronTime !== 'string' && !isDate(cronTime)) {
    return `${inspect(cronTime, { depth: 0 })} is not a cron expression, a Date or a DateTime`;
  }
  try {
    const time = new CronTime(...([cronTime, timeZone, utcOffset] as unknown as [string]));
    if (time.realDate) return isNaN(millisecondsOf(cronTime as DateLike)) ? 'its date is invalid' : undefined;
    // Throws for a date that does not exist: '0 0 31 2 *'.
    time.sendAt();
    return undefined;
  } catch (error) {
    const zone = timeZone === undefined ? '' : ` in the time zone ${inspect(timeZone)}`;
    return `cron does not accept ${inspect(cronTime)}${zone} (${firstLine(error)})`;
  }
}

type DateLike = Date | { toMillis(): number };

function isDate(value: unknown): value is DateLike {
  return value instanceof Date || typeof (value as { toMillis?: unknown } | null | undefined)?.toMillis === 'function';
}

function millisecondsOf(date: DateLike): number {
  return date instanceof Date ? date.getTime() : date.toMillis();
}

function firstLine(error: unknown): string {
  return String((error as Error).message)
    .split('\n', 1)[0]
    .replace(/\.$/, '');
}
