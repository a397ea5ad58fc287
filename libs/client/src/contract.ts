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

/** What a message takes and is answered with, where it is not its data alone. */
export interface MessageSchemas {
  readonly data?: StandardSchema;
  readonly reply?: StandardSchema;
}

/** A contract written down as schemas, for the server's `@OnMessage(event, schema)` and for clients. */
export interface ContractSchemas {
  /** What clients send: the schema of its data, or `{ data, reply }` for what is answered. */
  readonly messages?: Readonly<Record<string, StandardSchema | MessageSchemas>>;
  /** What the room sends. */
  readonly events?: Readonly<Record<string, StandardSchema>>;
}

/** Gives a contract its exact type; at run time it is the object itself. */
export function defineContract<const S extends ContractSchemas>(schemas: S): S {
  return schemas;
}

/** What a room and its clients say to each other: `RoomContract<…>` makes one. */
export interface Contract {
  /** By event: `{ data, reply }`. */
  readonly messages: object;
  /** By event: its data. */
  readonly events: object;
}

/** Any message, any event: what a room has that was joined without a contract. */
export interface AnyContract {
  readonly messages: Record<string, { data: any; reply: any }>;
  readonly events: Record<string, any>;
}

/**
 * The contract of a room service class, `RoomContract<typeof ChatRoom>`, or of schemas, `RoomContract<typeof chat>`.
 *
 * Of a class, every method `(client, data, …)` is a message of the method's name, so is `(client)` or `()`, without data;
 * what it returns is the reply, and the events are those of the `JamsocketContext<Events>` in its constructor. Types
 * only: nothing of the class is imported.
 */
export type RoomContract<T> = T extends abstract new (...args: infer A) => infer I
  ? { readonly messages: ClassMessages<I>; readonly events: ClassEvents<A[number]> }
  : T extends ContractSchemas
    ? { readonly messages: SchemaMessages<T['messages']>; readonly events: SchemaEvents<T['events']> }
    : never;
