import type { Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import type { CronOptions } from '../base/sources.js';
import type { ScheduledMethod } from '../room/room-definition.js';
import { refuseScheduleMistakes } from './schedule-mistakes.js';

/** Metadata keys and values of @nestjs/schedule 6 and 12 (`schedule.constants.ts`, `scheduler-type.enum.ts`); it does not export them. */
const TYPE = 'SCHEDULER_TYPE';
const NAME = 'SCHEDULER_NAME';
const CRON = 1;
const TIMEOUT = 2;
const INTERVAL = 3;

/**
 * The methods of a service class that Nest's `@Interval`, `@Timeout` or `@Cron` stand on. Their mark is taken off, so
 * that the scheduler does not warn that it cannot run them: rooms do. A method the class inherits keeps it, since
 * another class may share it.
 * @param timers the methods with `@OnTimer`, by the timer's name
 * @throws JamsocketConfigurationError for what could never run
 */
export function takeScheduledMethods(type: Type, timers: ReadonlyMap<string, string>): ScheduledMethod[] {
  const prototype = type.prototype as Record<string, object>;
  const scheduled = new MetadataScanner().getAllMethodNames(prototype).flatMap((method) => {
    const trigger = triggerOf(prototype[method]);
    if (trigger === undefined) return [];
    const name = Reflect.getMetadata(NAME, prototype[method]) as string | number | undefined;
    return [{ name: String(name || method), method, trigger }];
  });
  refuseScheduleMistakes(type, scheduled, timers);
  for (const { method } of scheduled) if (Object.hasOwn(prototype, method)) markTaken(prototype[method]);
  return scheduled;
}

const takenType = Symbol('jamsocket taken scheduler type');

/** The class may be explored again, by another application in this process. */
function markTaken(method: object): void {
  Reflect.defineMetadata(
    takenType,
    Reflect.getMetadata(TYPE, method) ?? Reflect.getMetadata(takenType, method),
    method,
  );
  Reflect.deleteMetadata(TYPE, method);
}

function triggerOf(method: object): ScheduledMethod['trigger'] | undefined {
  const type: unknown = Reflect.getMetadata(TYPE, method) ?? Reflect.getMetadata(takenType, method);
  const msOf = (key: string) => (Reflect.getMetadata(key, method) as { timeout: number }).timeout;
  if (type === TIMEOUT) return { type: 'timeout', ms: msOf('SCHEDULE_TIMEOUT_OPTIONS') };
  if (type === INTERVAL) return { type: 'interval', ms: msOf('SCHEDULE_INTERVAL_OPTIONS') };
  if (type === CRON)
    return { type: 'cron', options: Reflect.getMetadata('SCHEDULE_CRON_OPTIONS', method) as CronOptions };
  return undefined;
}
