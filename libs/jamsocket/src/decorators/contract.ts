import type { InputOf, OutputOf, StandardSchema } from './standard-schema.js';

/** Any Standard Schema, whatever it takes and gives. */
export type AnySchema = StandardSchema<any, any>;

/** Schemas of a message's data and reply. */
export interface MessageSchemas {
  readonly data?: AnySchema;
  readonly reply?: AnySchema;
}

/** The messages between a room and its clients, as schemas that server and clients share. */
export interface ContractSchemas {
  /** Messages of clients: a schema of the data, or `{ data, reply }` for messages with a reply. */
  readonly messages?: Readonly<Record<string, AnySchema | MessageSchemas>>;
  /** Events of the room. */
  readonly events?: Readonly<Record<string, AnySchema>>;
}

/** Gives a contract its exact type. Returns the same object. `jamsocket-client` has the same function. */
export function defineContract<const S extends ContractSchemas>(schemas: S): S {
  return schemas;
}

/** Names of the messages of a contract. */
export type MessageName<C extends ContractSchemas> = keyof C['messages'] & string;

/** What the handler of a message gets: the output of its schema, `undefined` for a message without data. */
export type MessageData<C extends ContractSchemas, K extends MessageName<C>> = DataOf<
  NonNullable<C['messages']>[K],
  'data'
>;

/** What the handler of a message returns: the input of the reply's schema, `undefined` for a message without a reply. */
export type MessageReply<C extends ContractSchemas, K extends MessageName<C>> = NonNullable<C['messages']>[K] extends {
  readonly reply: infer R extends AnySchema;
}
  ? InputOf<R>
  : undefined;

type DataOf<M, Part extends string> = M extends AnySchema
  ? OutputOf<M>
  : M extends { readonly [P in Part]: infer S extends AnySchema }
    ? OutputOf<S>
    : undefined;

/** Data by event: of a contract, or of a type that has them, such as `{ moved: Point }`. */
export type EventsIn<E> =
  IsAny<E> extends true
    ? any
    : IsContract<E> extends true
      ? E extends { readonly events: infer V }
        ? { readonly [K in keyof V]: V[K] extends AnySchema ? InputOf<V[K]> : never }
        : {}
      : E;

/** Whether it is a contract and not a type of events: the values of a contract are schemas, which JSON cannot carry. */
export type IsContract<E> = E extends { readonly events: Readonly<Record<string, AnySchema>> }
  ? true
  : E extends { readonly messages: infer M }
    ? { [K in keyof M]: IsMessage<M[K]> }[keyof M] extends true
      ? true
      : false
    : false;

type IsMessage<M> = M extends AnySchema
  ? true
  : M extends MessageSchemas
    ? keyof M extends keyof MessageSchemas
      ? true
      : false
    : false;

type IsAny<T> = 0 extends 1 & T ? true : false;
