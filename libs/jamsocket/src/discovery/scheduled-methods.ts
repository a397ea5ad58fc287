import type { Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { scheduleMetadataOf, takeSchedule } from '../decorators/metadata-accessor.js';
import type { ScheduledMethod } from '../room/room-definition.js';
import { refuseScheduleMistakes } from './schedule-mistakes.js';

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
    const metadata = scheduleMetadataOf(prototype[method]);
    if (metadata === undefined) return [];
    return [{ name: String(metadata.name || method), method, trigger: metadata.trigger }];
  });
  refuseScheduleMistakes(type, scheduled, timers);
  for (const { method } of scheduled) if (Object.hasOwn(prototype, method)) takeSchedule(prototype[method]);
  return scheduled;
}
