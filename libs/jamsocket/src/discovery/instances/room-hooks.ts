import type { ProviderHook } from '../../base/provider-hooks.js';

const NONE: readonly ProviderHook[] = [];

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

/**
 * Needed because Nest calls only the hooks of singletons.
 * @param instances the service and the providers that were built for its room, each before its dependencies
 */
export function hooksOf(instances: readonly object[]): RoomHooks {
  return {
    instances,
    init: hooksNamed('onModuleInit', instances.toReversed()),
    destroy: hooksNamed('onModuleDestroy', instances),
  };
}

function hooksNamed(name: HookName, instances: readonly object[]): readonly ProviderHook[] {
  const hooks: ProviderHook[] = [];
  for (const instance of instances) {
    const hook = hookOf(instance, name);
    if (hook !== undefined) hooks.push(hook);
  }
  // Most rooms have none: one list for all of them.
  return hooks.length === 0 ? NONE : hooks;
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
