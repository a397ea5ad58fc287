import type { ContextId } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/**
 * `onModuleDestroy` of a room's service and of everything that was built for this room alone, dependents before what
 * they depend on. Nest itself calls the hook of singletons only.
 */
export function destroyHooksOf(service: object, wrapper: InstanceWrapper, contextId: ContextId): (() => unknown)[] {
  const instances = new Set<object>([service]);
  collectScoped(wrapper, contextId, instances, new Set([wrapper]));
  const hooks: (() => unknown)[] = [];
  for (const instance of instances) {
    const onModuleDestroy = destroyHookOf(instance);
    if (onModuleDestroy !== undefined) hooks.push(() => onModuleDestroy.call(instance));
  }
  return hooks;
}

/** What a factory made may be a strict mock, which throws for a property that it does not have. */
function destroyHookOf(instance: object): (() => unknown) | undefined {
  try {
    const { onModuleDestroy } = instance as { onModuleDestroy?: unknown };
    return typeof onModuleDestroy === 'function' ? (onModuleDestroy as () => unknown) : undefined;
  } catch {
    return undefined;
  }
}

function collectScoped(
  wrapper: InstanceWrapper,
  contextId: ContextId,
  found: Set<object>,
  visited: Set<InstanceWrapper>,
): void {
  const dependencies = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  for (const dependency of dependencies) {
    if (dependency.isDependencyTreeStatic() || visited.has(dependency)) continue;
    visited.add(dependency);
    const inquirerId = dependency.isTransient ? wrapper.id : undefined;
    const instance: unknown = dependency.getInstanceByContextId(contextId, inquirerId)?.instance;
    if (typeof instance === 'object' && instance !== null) found.add(instance);
    collectScoped(dependency, contextId, found, visited);
  }
}
