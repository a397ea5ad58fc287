/**
 * The part of a Standard Schema that is used here (zod, valibot, arktype and others implement it).
 * Written from the specification, https://standardschema.dev, version 1.
 */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Returns the output, or the issues. */
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
  /** By name: what clients see of a shared state. Only its type is used. */
  readonly state?: Readonly<Record<string, StandardSchema>>;
  /** What each client shows of itself. Here only its type is used; the server validates the value. */
  readonly presence?: StandardSchema;
}
