import { STATE_METADATA } from './metadata.js';
import { stateFieldsOf } from './metadata-accessor.js';

/**
 * Saves the field with its durable room, and fills it in again when the room is restored, before `@OnCreate` runs. For
 * fields of a room service and of the providers that are built for each room.
 *
 * The value must be structured-cloneable: plain objects and arrays, `Map`, `Set`, `Date`, bytes, `bigint` and the like.
 * Functions and instances of classes are refused when the room is saved, with the path of the field. A field that has
 * not been saved yet keeps the value that its class gives it.
 *
 * Without `store` in the module's options, or with `durable: false` on the service, the mark does nothing.
 */
export function State(): PropertyDecorator {
  return (prototype, name) => {
    const inherited = stateFieldsOf(prototype);
    Reflect.defineMetadata(STATE_METADATA, [...new Set([...inherited, String(name)])], prototype);
  };
}
