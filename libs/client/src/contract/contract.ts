import type { ClassEvents, ClassMessages, ClassStates } from './class-contract.js';
import type { InputOf, SchemaEvents, SchemaMessages, SchemaStates } from './schema-contract.js';
import type { ContractSchemas, StandardSchema } from './schemas.js';

/** Gives a contract its exact type. Returns the same object. */
export function defineContract<const S extends ContractSchemas>(schemas: S): S {
  return schemas;
}

/** Types of the messages between a room and its clients. Use `RoomContract<…>` to create one. */
export interface Contract {
  /** By event: `{ data, reply }`. */
  readonly messages: object;
  /** By event: its data. */
  readonly events: object;
  /** By name: what clients see of a shared state. */
  readonly states?: object;
  /** What each client shows of itself. */
  readonly presence?: unknown;
}

/** Any message and any event, for a room without a contract. */
export interface AnyContract {
  readonly messages: Record<string, { data: any; reply: any }>;
  readonly events: Record<string, any>;
  readonly states: Record<string, any>;
}

/**
 * The contract of a room service class, `RoomContract<typeof ChatRoom>`, or of schemas, `RoomContract<typeof chat>`.
 *
 * For a class, every method `(client, data, …)` is a message with the method's name; `(client)` and `()` are messages
 * without data. The return value is the reply. The events are those of the `JamsocketContext<Events>` in the constructor.
 * The states are its `SharedState` fields.
 * Only types are used: use `import type` for the class.
 */
export type RoomContract<T> = T extends abstract new (...args: infer A) => infer I
  ? { readonly messages: ClassMessages<I>; readonly events: ClassEvents<A[number]>; readonly states: ClassStates<I> }
  : T extends ContractSchemas
    ? SchemaContract<T>
    : never;

/** States and presence are named only if the schemas have them: without, they are of any type. */
type SchemaContract<T extends ContractSchemas> = {
  readonly messages: SchemaMessages<T['messages']>;
  readonly events: SchemaEvents<T['events']>;
} & (T extends { readonly state: infer S } ? { readonly states: SchemaStates<S> } : unknown) &
  (T extends { readonly presence: infer P extends StandardSchema } ? { readonly presence: InputOf<P> } : unknown);
