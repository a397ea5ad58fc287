import type { ContextId } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ProviderHook } from '../base/provider-hooks.js';

type HookName = 'onModuleInit' | 'onModuleDestroy';

/** The lifecycle hooks of a room's service and of everything that was built for this room alone, in the order they run. */
export interface RoomHooks {
  /** The service, and what was built for its room alone. */
  readonly instances: readonly object[];
  /** Dependencies before what depends on them. */
  readonly init: readonly ProviderHook[];
  /** The other way round. */
  readonly destroy: readonly ProviderHook[];
}

/** Nest itself calls the hooks of singletons only. */
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

/** What a factory made may be a strict mock, which throws for a property that it does not have. */
function hookOf(instance: object, name: HookName): ProviderHook | undefined {
  try {
    const hook = (instance as Partial<Record<HookName, unknown>>)[name];
    if (typeof hook !== 'function') return undefined;
    return { name: `${instance.constructor?.name}.${name}`, run: () => hook.call(instance) as unknown };
  } catch {
    return undefined;
  }
}

/** Adds the instances that a provider depends on, each behind its own dependencies. */
function collectScoped(wrapper: InstanceWrapper, contextId: ContextId, found: Set<object>, visited: Set<string>): void {
  const dependencies = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  for (const dependency of dependencies) {
    const { isTransient } = dependency;
    // A transient provider of a room is built for the room, whatever it depends on.
    if (dependency.isDependencyTreeStatic() && !isTransient) continue;
    // Whoever injects a transient provider has its own instance.
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
