import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import { PARAM_ARGS_METADATA } from '@nestjs/websockets/constants.js';
import type { CronOptions } from '../base/sources.js';
import {
  HANDLER_METADATA,
  SERVICE_METADATA,
  STATE_METADATA,
  type HandlerMetadata,
  type ScheduleMetadata,
  type ServiceMetadata,
} from './metadata.js';

// The one place where the metadata of decorators is read: ours, those of Nest that rooms understand, and the compiler's.

/** What `@JamsocketService()` was given; `undefined` for a class without it, though it extends one that has it. */
export function serviceMetadataOf(type: object): ServiceMetadata | undefined {
  return Reflect.getOwnMetadata(SERVICE_METADATA, type) as ServiceMetadata | undefined;
}

/** The events that a method handles. */
export function handlerMetadataOf(method: object): readonly HandlerMetadata[] {
  return (Reflect.getMetadata(HANDLER_METADATA, method) ?? []) as HandlerMetadata[];
}

/** Names of the `@State()` fields of an instance or a prototype, those of its base classes included. */
export function stateFieldsOf(target: object): readonly string[] {
  return (Reflect.getMetadata(STATE_METADATA, target) ?? []) as string[];
}

/** What a decorator of Nest leaves on a parameter: its own as those made by `createParamDecorator`. */
export interface ParameterMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly schema?: unknown;
  readonly pipes?: (Type<PipeTransform> | PipeTransform)[];
  /** Only of `createParamDecorator`. */
  readonly factory?: (data: unknown, context: ExecutionContext) => unknown;
}

/** By kind and index; `undefined` if no parameter of the method has a decorator. */
export function parameterMetadataOf(
  type: Type,
  method: string,
): Readonly<Record<string, ParameterMetadata>> | undefined {
  return Reflect.getMetadata(PARAM_ARGS_METADATA, type, method) as Record<string, ParameterMetadata> | undefined;
}

/** Types of a method's parameters, as the compiler notes them for methods with decorators. */
export function paramTypesOf(type: Type, method: string): readonly unknown[] {
  return (Reflect.getMetadata('design:paramtypes', type.prototype as object, method) ?? []) as unknown[];
}

/** Return type of a method, as the compiler notes it for methods with decorators. */
export function returnTypeOf(type: Type, method: string): unknown {
  return Reflect.getMetadata('design:returntype', type.prototype as object, method);
}

/** Whether a decorator has left something under the key on the class or the method. */
export function hasMetadata(key: string, type: Type, method: object): boolean {
  return Reflect.hasMetadata(key, type) || Reflect.hasMetadata(key, method);
}

/** The keys of all that decorators have left on a class or a method. */
export function metadataKeysOf(target: object): readonly string[] {
  return Reflect.getMetadataKeys(target).filter((key) => typeof key === 'string');
}

/** Metadata keys and values of @nestjs/schedule 6 and 12 (`schedule.constants.ts`, `scheduler-type.enum.ts`); it does not export them. */
const SCHEDULER_TYPE = 'SCHEDULER_TYPE';
const SCHEDULER_NAME = 'SCHEDULER_NAME';
const CRON = 1;
const TIMEOUT = 2;
const INTERVAL = 3;

const takenType = Symbol('jamsocket taken scheduler type');

/** What Nest's `@Interval`, `@Timeout` or `@Cron` has left on a method, also after `takeSchedule`. */
export function scheduleMetadataOf(method: object): ScheduleMetadata | undefined {
  const trigger = triggerOf(method);
  if (trigger === undefined) return undefined;
  return { name: Reflect.getMetadata(SCHEDULER_NAME, method) as string | number | undefined, trigger };
}

/** Hides the method from Nest's scheduler. The class may be explored again, by another application in this process. */
export function takeSchedule(method: object): void {
  Reflect.defineMetadata(takenType, schedulerTypeOf(method), method);
  Reflect.deleteMetadata(SCHEDULER_TYPE, method);
}

function triggerOf(method: object): ScheduleMetadata['trigger'] | undefined {
  const type = schedulerTypeOf(method);
  const msOf = (key: string) => (Reflect.getMetadata(key, method) as { timeout: number }).timeout;
  if (type === TIMEOUT) return { type: 'timeout', ms: msOf('SCHEDULE_TIMEOUT_OPTIONS') };
  if (type === INTERVAL) return { type: 'interval', ms: msOf('SCHEDULE_INTERVAL_OPTIONS') };
  if (type === CRON)
    return { type: 'cron', options: Reflect.getMetadata('SCHEDULE_CRON_OPTIONS', method) as CronOptions };
  return undefined;
}

function schedulerTypeOf(method: object): unknown {
  return Reflect.getMetadata(SCHEDULER_TYPE, method) ?? Reflect.getMetadata(takenType, method);
}
