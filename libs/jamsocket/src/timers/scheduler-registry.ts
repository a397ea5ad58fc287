import type { ModulesContainer } from '@nestjs/core';
import type { CronJob } from 'cron';
import type { TimerType } from './pending-timer.js';

/** What rooms use of the `SchedulerRegistry` of `@nestjs/schedule`, which an application need not have. */
export interface SchedulerRegistry {
  doesExist(type: TimerType, name: string): boolean;
  addTimeout(name: string, handle: unknown): void;
  addInterval(name: string, handle: unknown): void;
  addCronJob(name: string, job: CronJob): void;
  getTimeout(name: string): unknown;
  getInterval(name: string): unknown;
  getCronJob(name: string): unknown;
  deleteTimeout(name: string): void;
  deleteInterval(name: string): void;
  deleteCronJob(name: string): void;
}

/**
 * The `SchedulerRegistry` of the application's `ScheduleModule`; `null` if it has none. Looked up by the name of its class:
 * an import of `@nestjs/schedule` would have every application install it.
 */
export function schedulerRegistryIn(modules: ModulesContainer): SchedulerRegistry | null {
  for (const { providers } of modules.values()) {
    for (const [token, { instance }] of providers) {
      if (typeof token === 'function' && token.name === 'SchedulerRegistry' && isRegistry(instance)) return instance;
    }
  }
  return null;
}

/** An application may have a class of this name that is something else. */
function isRegistry(value: unknown): value is SchedulerRegistry {
  const { doesExist, addCronJob, deleteTimeout } = (value ?? {}) as Partial<SchedulerRegistry>;
  return [doesExist, addCronJob, deleteTimeout].every((method) => typeof method === 'function');
}
