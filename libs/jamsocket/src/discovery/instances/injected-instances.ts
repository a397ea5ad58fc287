import type { ContextId } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/** The service and all providers that Nest's injector has built for its room, each before its dependencies. */
export function injectedInstances(service: object, wrapper: InstanceWrapper, contextId: ContextId): object[] {
  const instances = new Set<object>();
  collectScoped(wrapper, contextId, instances, new Set());
  instances.add(service);
  return [...instances].reverse();
}

/** Adds the instances that a provider depends on, each after its own dependencies. */
function collectScoped(wrapper: InstanceWrapper, contextId: ContextId, found: Set<object>, visited: Set<string>): void {
  // An optional dependency that is missing leaves a hole.
  const dependencies: (InstanceWrapper | undefined)[] = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  for (const dependency of dependencies) {
    if (dependency === undefined) continue;
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
