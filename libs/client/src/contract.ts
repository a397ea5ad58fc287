import type { ClassEvents, ClassMessages } from './class-contract.js';
import type { SchemaEvents, SchemaMessages } from './schema-contract.js';

/**
 * The part of a Standard Schema that is used here (zod, valibot, arktype and others implement it).
 * Written from the specification, https://standardschema.dev, version 1.
 */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** Schemas of a message's data and reply. */
export interface MessageSchemas {
  readonly data?: StandardSchema;
  readonly reply?: StandardSchema;
}

/** A contract as schemas, for the server's `@OnMessage(event, schema)` and for clients. */
export interface ContractSchemas {
  /** Messages of clients: a schema of the data, or `{ data, reply }` for messages with a reply. */
  readonly messages?: Readonly<Record<string, StandardSchema | MessageSchemas>>;
  /** Events of the room. */
  readonly events?: Readonly<Record<string, StandardSchema>>;
}

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
}

/** Any message and any event, for a room without a contract. */
export interface AnyContract {
  readonly messages: Record<string, { data: any; reply: any }>;
  readonly events: Record<string, any>;
}

/**
 * The contract of a room service class, `RoomContract<typeof ChatRoom>`, or of schemas, `RoomContract<typeof chat>`.
 *
 * For a class, every method `(client, data, …)` is a message with the method's name; `(client)` and `()` are messages
 * without data. The return value is the reply. The events are those of the `JamsocketContext<Events>` in the constructor.
 * Only types are used: use `import type` for the class.
 */
export type RoomContract<T> = T extends abstract new (...args: infer A) => infer I
  ? { readonly messages: ClassMessages<I>; readonly events: ClassEvents<A[number]> }
  : T extends ContractSchemas
    ? { readonly messages: SchemaMessages<T['messages']>; readonly events: SchemaEvents<T['events']> }
    : never;
