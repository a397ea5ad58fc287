import { STATE_METADATA } from './metadata.js';
import { stateKeysOf } from './metadata-accessor.js';

/**
 * Saves the field with its durable room, and restores it before `@OnCreate` runs. For fields of a room service and of
 * providers that are built for each room.
 *
 * The value must be structured-cloneable: plain objects and arrays, `Map`, `Set`, `Date`, bytes, `bigint` and the like.
 * Saving functions or instances of classes fails with an error that names the field. A field without a saved value keeps
 * its initial value.
 *
 * Without `store` in the module's options, or with `durable: false` on the service, the decorator has no effect.
 */
export function State(): PropertyDecorator {
  return (prototype, name) => {
    const inherited = stateKeysOf(prototype);
    Reflect.defineMetadata(STATE_METADATA, [...new Set([...inherited, name])], prototype);
  };
}
