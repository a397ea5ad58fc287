import type { InputOf, OutputOf, StandardSchema } from './standard-schema.js';

/** Any Standard Schema, whatever it takes and gives. */
export type AnySchema = StandardSchema<any, any>;

/** Schemas of a message's data and reply. */
export interface MessageSchemas {
  readonly data?: AnySchema;
  readonly reply?: AnySchema;
}

/** What goes between a room and its clients, as schemas that server and clients share. */
export interface ContractSchemas {
  /** Messages of clients: a schema of the data, or `{ data, reply }` for messages with a reply. */
  readonly messages?: Readonly<Record<string, AnySchema | MessageSchemas>>;
  /** Events of the room. */
  readonly events?: Readonly<Record<string, AnySchema>>;
  /** By name: what clients see of a shared state. Only their types are used: the values are the server's own. */
  readonly state?: Readonly<Record<string, AnySchema>>;
  /** What each client shows of itself. It validates what clients set. */
  readonly presence?: AnySchema;
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

/** What clients see of a shared state, by name; `never` without `state` in the contract. */
export type StatesIn<C extends ContractSchemas> = C extends { readonly state: infer S }
  ? { readonly [K in keyof S]: S[K] extends AnySchema ? InputOf<S[K]> : never }
  : never;

/** The value that each client shows of itself: of a contract; `any` if it does not say. */
export type PresenceIn<E> =
  IsAny<E> extends true ? any : E extends { readonly presence: infer S extends AnySchema } ? OutputOf<S> : any;

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
export type IsContract<E> = E extends
  | { readonly events: Readonly<Record<string, AnySchema>> }
  | { readonly state: Readonly<Record<string, AnySchema>> }
  | { readonly presence: AnySchema }
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
