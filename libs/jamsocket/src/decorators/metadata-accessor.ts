import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import { PARAM_ARGS_METADATA } from '@nestjs/websockets/constants.js';
import type { CronOptions } from '../base/sources.js';
import {
  HANDLER_METADATA,
  PRESENCE_METADATA,
  SERVICE_METADATA,
  STATE_METADATA,
  type HandlerMetadata,
  type PresenceMetadata,
  type ScheduleMetadata,
  type ServiceMetadata,
} from './metadata.js';

// All metadata is read in this file: that of our decorators, of the Nest decorators that rooms support, and of the compiler.

/** Arguments of `@JamsocketService()`; `undefined` for a class without it, even if its base class has one. */
export function serviceMetadataOf(type: object): ServiceMetadata | undefined {
  return Reflect.getOwnMetadata(SERVICE_METADATA, type) as ServiceMetadata | undefined;
}

/** Arguments of `@Presence()`; `undefined` for a class without it. */
export function presenceMetadataOf(type: object): PresenceMetadata | undefined {
  return Reflect.getMetadata(PRESENCE_METADATA, type) as PresenceMetadata | undefined;
}

/** The events that a method handles. */
export function handlerMetadataOf(method: object): readonly HandlerMetadata[] {
  return (Reflect.getMetadata(HANDLER_METADATA, method) ?? []) as HandlerMetadata[];
}

/** Names of the `@State()` fields of an instance or a prototype, including inherited ones. */
export function stateFieldsOf(target: object): readonly string[] {
  return stateKeysOf(target) as readonly string[];
}

/** As they were decorated, before mistakes are refused: also symbols, and of a class its static fields. */
export function stateKeysOf(target: object): readonly (string | symbol)[] {
  return (Reflect.getMetadata(STATE_METADATA, target) ?? []) as (string | symbol)[];
}

/** Metadata of a decorated parameter: by one of Nest's decorators, or by one made with `createParamDecorator`. */
export interface ParameterMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly schema?: unknown;
  readonly pipes?: (Type<PipeTransform> | PipeTransform)[];
  /** Only with `createParamDecorator`. */
  readonly factory?: (data: unknown, context: ExecutionContext) => unknown;
}

/** By kind and index; `undefined` if no parameter of the method has a decorator. */
export function parameterMetadataOf(
  type: Type,
  method: string,
): Readonly<Record<string, ParameterMetadata>> | undefined {
  return Reflect.getMetadata(PARAM_ARGS_METADATA, type, method) as Record<string, ParameterMetadata> | undefined;
}

/** Parameter types of a method, which the compiler emits for decorated methods. */
export function paramTypesOf(type: Type, method: string): readonly unknown[] {
  return (Reflect.getMetadata('design:paramtypes', type.prototype as object, method) ?? []) as unknown[];
}

/** Return type of a method, which the compiler emits for decorated methods. */
export function returnTypeOf(type: Type, method: string): unknown {
  return Reflect.getMetadata('design:returntype', type.prototype as object, method);
}

/** How many parameters of its constructor Nest injects. */
export function injectedParametersOf(type: Type): number {
  const types = (Reflect.getMetadata('design:paramtypes', type) ?? []) as unknown[];
  const named = (Reflect.getMetadata('self:paramtypes', type) ?? []) as { readonly index: number }[];
  return Math.max(types.length, ...named.map(({ index }) => index + 1));
}

/** The properties that Nest injects. */
export function injectedKeysOf(type: Type): (string | symbol)[] {
  const properties = (Reflect.getMetadata('self:properties_metadata', type) ?? []) as {
    readonly key: string | symbol;
  }[];
  return properties.map(({ key }) => key);
}

/** Whether the class or the method has metadata with this key. */
export function hasMetadata(key: string, type: Type, method: object): boolean {
  return Reflect.hasMetadata(key, type) || Reflect.hasMetadata(key, method);
}

/** All metadata keys of a class or a method. */
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

/** The `@Interval`, `@Timeout` or `@Cron` of a method. Still found after `takeSchedule`. */
export function scheduleMetadataOf(method: object): ScheduleMetadata | undefined {
  const trigger = triggerOf(method);
  if (trigger === undefined) return undefined;
  return { name: Reflect.getMetadata(SCHEDULER_NAME, method) as string | number | undefined, trigger };
}

/** Hides the method from Nest's scheduler. Our key keeps the type, since another application may explore the class again. */
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
