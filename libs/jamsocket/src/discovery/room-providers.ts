import type { ContextId } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ProviderHook } from '../base/provider-hooks.js';

type HookName = 'onModuleInit' | 'onModuleDestroy';

/** The lifecycle hooks of a room's service and of all providers that were built for this room, in the order they run. */
export interface RoomHooks {
  /** The service and the providers that were built for its room. */
  readonly instances: readonly object[];
  /** Dependencies first. */
  readonly init: readonly ProviderHook[];
  /** Dependencies last. */
  readonly destroy: readonly ProviderHook[];
}

/** Needed because Nest calls only the hooks of singletons. */
export function hooksOf(service: object, wrapper: InstanceWrapper, contextId: ContextId): RoomHooks {
  const instances = new Set<object>();
  collectScoped(wrapper, contextId, instances, new Set());
  instances.add(service);
  const inOrder = [...instances];
  const reversed = [...inOrder].reverse();
  return {
    instances: reversed,
    init: hooksNamed('onModuleInit', inOrder),
    destroy: hooksNamed('onModuleDestroy', reversed),
  };
}

function hooksNamed(name: HookName, instances: readonly object[]): readonly ProviderHook[] {
  return instances.flatMap((instance) => hookOf(instance, name) ?? []);
}

/** A factory may return a strict mock, which throws when an unknown property is read. */
function hookOf(instance: object, name: HookName): ProviderHook | undefined {
  try {
    const hook = (instance as Partial<Record<HookName, unknown>>)[name];
    if (typeof hook !== 'function') return undefined;
    return { name: `${instance.constructor?.name}.${name}`, run: () => hook.call(instance) as unknown };
  } catch {
    return undefined;
  }
}

/** Adds the instances that a provider depends on, each after its own dependencies. */
function collectScoped(wrapper: InstanceWrapper, contextId: ContextId, found: Set<object>, visited: Set<string>): void {
  const dependencies = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  for (const dependency of dependencies) {
    const { isTransient } = dependency;
    // A transient provider in a room is built for the room even if its dependencies are static.
    if (dependency.isDependencyTreeStatic() && !isTransient) continue;
    // Each class that injects a transient provider has its own instance.
    const inquirerId = isTransient ? wrapper.id : undefined;
    const key = `${dependency.id} ${inquirerId ?? ''}`;
    if (visited.has(key)) continue;
    visited.add(key);
    collectScoped(dependency, contextId, found, visited);
    const built = dependency.getInstanceByContextId(contextId, inquirerId);
    const instance: unknown = built?.isResolved ? built.instance : undefined;
    if (typeof instance === 'object' && instance !== null) found.add(instance);
  }
}
