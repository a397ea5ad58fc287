import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import { serviceMetadataOf, stateKeysOf } from '../decorators/metadata-accessor.js';
import { dependenciesOf, isRoomService, nameOf } from './injection-mistakes.js';

/**
 * Finds `@State()` where it cannot work: on what is not a field of an instance, and on classes that are not built for each
 * room. Call it when all dependencies are known.
 * @throws JamsocketConfigurationError that names the class, the mistake and the cure
 */
export function refuseStateMistakes(modules: ModulesContainer): void {
  const all = [...modules.values()];
  const providers = all.flatMap((module) => [...module.providers.values()]);
  const others = all.flatMap((module) => [...module.controllers.values(), ...module.injectables.values()]);
  const stateful = [...providers, ...others].filter(hasState);
  if (stateful.length === 0) return;
  const inRooms = new Set(providers.filter(isRoomService).flatMap((service) => classesOf(service)));
  for (const wrapper of stateful) {
    const type = wrapper.metatype as Type;
    refuseMisplaced(type);
    if (inRooms.has(type)) continue;
    throw new JamsocketConfigurationError(
      `${type.name} has @State() fields but is not built for each room, so they would never be saved: give it @Injectable({ scope: Scope.REQUEST }) and inject it into a room service, or remove @State().`,
    );
  }
}

/**
 * Finds `@State()` fields that would never be saved: in providers of rooms whose service has no such field and no option
 * `durable`.
 * @throws JamsocketConfigurationError
 */
export function refuseForgottenState(modules: ModulesContainer): void {
  for (const service of [...modules.values()].flatMap((module) => [...module.providers.values()])) {
    if (!isRoomService(service)) continue;
    const type = service.metatype as Type;
    if (serviceMetadataOf(type)!.options.durable !== undefined || hasState(service)) continue;
    const holder = [...scopedDependenciesOf(service)].find(hasState);
    if (holder === undefined) continue;
    throw new JamsocketConfigurationError(
      `${nameOf(holder)} has @State() fields and is part of the rooms of ${type.name}, which are not durable and would not save them: set @JamsocketService({ durable: true }) on ${type.name}, or durable: false to keep them unsaved.`,
    );
  }
}

function hasState({ metatype }: InstanceWrapper): boolean {
  if (typeof metatype !== 'function' || !metatype.prototype) return false;
  return stateKeysOf(metatype).length + stateKeysOf(metatype.prototype as object).length > 0;
}

/** What is built for each room. */
function scopedDependenciesOf(service: InstanceWrapper): ReadonlySet<InstanceWrapper> {
  const found = new Set([service]);
  // The loop also visits the elements that it adds.
  for (const wrapper of found) {
    for (const dependency of dependenciesOf(wrapper))
      if (!dependency.isDependencyTreeStatic() || dependency.isTransient) found.add(dependency);
  }
  return found;
}

function classesOf(service: InstanceWrapper): unknown[] {
  return [...scopedDependenciesOf(service)].map(({ metatype }) => metatype);
}

function refuseMisplaced(type: Type): void {
  const [ofClass] = stateKeysOf(type);
  if (ofClass !== undefined)
    fail(type, `the static ${String(ofClass)}, which all rooms share`, 'make it a field of the instance');
  const prototype = type.prototype as object;
  for (const key of stateKeysOf(prototype)) {
    if (typeof key === 'symbol') fail(type, `${String(key)}, which no record can name`, 'give the field a name');
    const descriptor = descriptorOf(prototype, key);
    if (descriptor === undefined) continue;
    if (typeof descriptor.value === 'function') fail(type, `the method ${key}()`, 'put it on the fields that it uses');
    if (descriptor.get === undefined || descriptor.set === undefined)
      fail(
        type,
        `${key}, which has ${descriptor.get ? 'a getter but no setter' : 'a setter but no getter'}`,
        'put it on the field behind it, or write both',
      );
  }
}

function descriptorOf(prototype: object, key: string): PropertyDescriptor | undefined {
  for (let above: object | null = prototype; above !== null; above = Object.getPrototypeOf(above) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(above, key);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

function fail(type: Type, where: string, cure: string): never {
  throw new JamsocketConfigurationError(`${type.name} has @State() on ${where}: ${cure}.`);
}
