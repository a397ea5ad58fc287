/**
 * The part of a Standard Schema that is used here (zod, valibot, arktype and others implement it).
 * Written from the specification, https://standardschema.dev, version 1.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Returns the output, or the issues. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output };
  };
}

/** Type of the data that a schema takes: what is on the wire. */
export type InputOf<S extends StandardSchema<any, any>> = NonNullable<S['~standard']['types']>['input'];

/** Type of the data that a schema gives: what a handler gets. */
export type OutputOf<S extends StandardSchema<any, any>> = NonNullable<S['~standard']['types']>['output'];

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  return typeof (value as StandardSchema | undefined)?.['~standard']?.validate === 'function';
}
