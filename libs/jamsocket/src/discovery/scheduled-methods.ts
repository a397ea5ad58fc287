import type { Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { scheduleMetadataOf, takeSchedule } from '../decorators/metadata-accessor.js';
import type { ScheduledMethod } from '../timers/scheduled-method.js';
import { refuseScheduleMistakes } from './schedule-mistakes.js';

/**
 * Finds the methods of a service class with Nest's `@Interval`, `@Timeout` or `@Cron`, and hides them from Nest's
 * scheduler, which would warn that it cannot run them. Inherited methods are not hidden: another class may share them.
 * @param timers the methods with `@OnTimer`, by the timer's name
 * @throws JamsocketConfigurationError for an invalid schedule
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
