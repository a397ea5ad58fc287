import { Scope, type Type } from '@nestjs/common';
import { REQUEST, type ContextId } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { injectedKeysOf, injectedParametersOf } from '../../decorators/metadata-accessor.js';
import { JamsocketContext } from '../../members/room-context.js';
import { RoomRequest, roomContextFrom } from '../../members/room-request.js';

/** What a provider of a room gets for one of its dependencies. */
type Source =
  /** A singleton of the application. */
  | { readonly shared: unknown }
  /** The `JamsocketContext` or the `RoomRequest` of the room. */
  | 'context'
  | 'request'
  /** Index of a provider that is built for the room. */
  | number;

/** What the injector has built, of a type that is the application's. */
interface BuiltInstance {
  readonly isResolved?: boolean;
  readonly instance: unknown;
}

/** How to build one provider of a room. */
interface Part {
  readonly type: Type<object>;
  readonly parameters: readonly Source[];
  readonly properties: readonly { readonly key: string | symbol; readonly source: Source }[];
}

/**
 * How to build the room-scoped providers of one class without Nest's injector, which looks up everything anew for each room.
 * There is no blueprint for what only the injector can do: transient and durable providers, factories for rooms, circular
 * dependencies, optional dependencies that are missing, instances that it replaces.
 */
export class RoomBlueprint {
  /** Each part comes after its dependencies; the last is the service. */
  readonly #parts: Part[] = [];
  readonly #indices = new Map<InstanceWrapper, number>();

  private constructor(private readonly path: string) {}

  /**
   * The blueprint of a class whose first instance the injector has built.
   * @param contextId that of the first instance: what the injector has built is compared with the blueprint
   * @param path path of the rooms, for the `RoomRequest`
   * @returns `null` if the injector must build every instance
   */
  static of(
    wrapper: InstanceWrapper,
    contextId: ContextId,
    context: JamsocketContext,
    path: string,
  ): RoomBlueprint | null {
    const blueprint = new RoomBlueprint(path);
    if (blueprint.#add(wrapper, []) === null) return null;
    return blueprint.#matches(contextId, context) ? blueprint : null;
  }

  /** @returns the service, then the other providers of the room, each before its dependencies */
  build(context: JamsocketContext): [service: object, ...others: object[]] {
    const parts = this.#parts;
    const built: object[] = [];
    let request: RoomRequest | null = null;
    const valueOf = (source: Source): unknown => {
      if (typeof source === 'number') return built[source];
      if (typeof source === 'object') return source.shared;
      return source === 'context' ? context : (request ??= new RoomRequest(context, this.path));
    };
    for (const { type, parameters, properties } of parts) {
      const instance = new type(...parameters.map(valueOf));
      for (const { key, source } of properties) {
        const value = valueOf(source);
        if (value !== undefined && value !== null) (instance as Record<string | symbol, unknown>)[key] = value;
      }
      built.push(instance);
    }
    // A copy: an array that grew is longer than it has to be.
    return built.toReversed() as [object, ...object[]];
  }

  /** @returns the index of the part; `null` if only the injector can build it */
  #add(wrapper: InstanceWrapper, path: readonly InstanceWrapper[]): number | null {
    const known = this.#indices.get(wrapper);
    if (known !== undefined) return known;
    if (path.includes(wrapper) || !isPlainClass(wrapper)) return null;
    const parameters: Source[] = [];
    for (const dependency of wrapper.getCtorMetadata() ?? []) {
      const source = this.#sourceOf(dependency, [...path, wrapper]);
      if (source === null) return null;
      parameters.push(source);
    }
    const properties: Part['properties'][number][] = [];
    for (const { key, wrapper: dependency } of wrapper.getPropertiesMetadata() ?? []) {
      const source = this.#sourceOf(dependency, [...path, wrapper]);
      if (source === null) return null;
      properties.push({ key, source });
    }
    this.#indices.set(wrapper, this.#parts.length);
    return this.#parts.push({ type: wrapper.metatype as Type<object>, parameters, properties }) - 1;
  }

  #sourceOf(wrapper: InstanceWrapper, path: readonly InstanceWrapper[]): Source | null {
    if (wrapper.isTransient) return null;
    if (wrapper.isDependencyTreeStatic()) {
      const built: BuiltInstance = wrapper.getInstanceByContextId(STATIC_CONTEXT);
      return built.isResolved && !(built.instance instanceof Promise) ? { shared: built.instance } : null;
    }
    if (wrapper.token === JamsocketContext && wrapper.metatype === (roomContextFrom as unknown)) return 'context';
    if (wrapper.token === REQUEST) return wrapper.scope === Scope.REQUEST ? 'request' : null;
    return this.#add(wrapper, path);
  }

  /** An application may have the injector wrap or replace what it builds. */
  #matches(contextId: ContextId, context: JamsocketContext): boolean {
    for (const [wrapper, index] of this.#indices) {
      const built: BuiltInstance = wrapper.getInstanceByContextId(contextId);
      if (!built.isResolved || Object.getPrototypeOf(built.instance) !== this.#parts[index].type.prototype)
        return false;
      const isContextOurs = (wrapper.getCtorMetadata() ?? []).every(
        (dependency) =>
          dependency.token !== JamsocketContext || dependency.getInstanceByContextId(contextId).instance === context,
      );
      if (!isContextOurs) return false;
    }
    return true;
  }
}

/** A class whose dependencies are all known, and which the injector only calls with them. */
function isPlainClass(wrapper: InstanceWrapper): boolean {
  const { metatype, inject, forwardRef, isAlias } = wrapper;
  const areEnhancersShared = (wrapper.getEnhancersMetadata() ?? []).every(
    (enhancer) => enhancer.isDependencyTreeStatic() && !enhancer.isTransient,
  );
  const isLeftToInjector = forwardRef || isAlias || !areEnhancersShared || wrapper.isDependencyTreeDurable();
  if (isLeftToInjector || typeof metatype !== 'function' || (inject !== undefined && inject !== null)) return false;
  const parameters = wrapper.getCtorMetadata() ?? [];
  if (parameters.length !== injectedParametersOf(metatype as Type)) return false;
  // A dependency that was not found, or is not registered, leaves a hole.
  for (let at = 0; at < parameters.length; at++) if (parameters[at] === undefined) return false;
  const known = wrapper.getPropertiesMetadata() ?? [];
  return injectedKeysOf(metatype as Type).every((key) => known.some((property) => property.key === key));
}
