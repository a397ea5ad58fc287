import type { ScheduleMetadata } from '../decorators/metadata.js';

/** A method with Nest's `@Interval`, `@Timeout` or `@Cron`. */
export interface ScheduledMethod {
  readonly name: string;
  readonly method: string;
  readonly trigger: ScheduleMetadata['trigger'];
}
