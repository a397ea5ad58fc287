import type { ReadOnly } from './wire.js';
import type { MessageSchemas, StandardSchema } from './schemas.js';

// A schema's input is the data on the wire, in both directions. Its output exists only at the receiver.

/** By event: the data that clients send, and the reply. */
export type SchemaMessages<M> = {
  readonly [K in keyof M]: M[K] extends StandardSchema
    ? { data: InputOf<M[K]>; reply: never }
    : M[K] extends MessageSchemas
      ? {
          data: M[K]['data'] extends StandardSchema ? InputOf<M[K]['data']> : undefined;
          reply: M[K]['reply'] extends StandardSchema ? InputOf<M[K]['reply']> : never;
        }
      : never;
};

/** By event: its data. */
export type SchemaEvents<E> = {
  readonly [K in keyof E]: E[K] extends StandardSchema ? InputOf<E[K]> : never;
};

/** By name: what clients see of a shared state. */
export type SchemaStates<S> = {
  readonly [K in keyof S]: S[K] extends StandardSchema ? ReadOnly<InputOf<S[K]>> : never;
};

export type InputOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input'];
