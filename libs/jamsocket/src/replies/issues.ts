import type { SchemaIssue } from '../decorators/standard-schema.js';

/** One mistake in the data of a message, whichever validator found it. */
export interface Issue {
  /** Where it is: keys and indexes from the outside in. Empty for the data as a whole. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The first issues, shortened, and how many there are. */
export interface Issues {
  readonly kept: readonly Issue[];
  readonly count: number;
}

/** Most issues of a refused message. A message of a megabyte can have a million mistakes, each named with its path. */
export const MAX_ISSUES = 20;
const MAX_TEXT = 200;
const MAX_PATH = 16;
const MAX_PATH_PART = 64;

/** The part of class-validator's `ValidationError` that is used here. */
interface PropertyError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, unknown>>;
  readonly children?: readonly PropertyError[];
}

/** The issues of a Standard Schema. */
export function issuesOfSchema(issues: readonly SchemaIssue[]): Issues {
  const kept = issues.slice(0, MAX_ISSUES).map(({ message, path }) => issueAt(path ?? [], message));
  return { kept, count: issues.length };
}

/**
 * The issues in what a pipe gives its exception factory: issues of a schema, or errors of class-validator.
 * @returns `undefined` for anything else
 */
export function issuesIn(found: unknown): Issues | undefined {
  if (!Array.isArray(found) || found.length === 0) return undefined;
  if (found.every(isPropertyError)) return issuesOfProperties(found);
  return found.every(isSchemaIssue) ? issuesOfSchema(found) : undefined;
}

function issuesOfProperties(errors: readonly PropertyError[]): Issues {
  const kept: Issue[] = [];
  let count = 0;
  // Not recursive: the message decides how deep its errors go.
  const open = errors.map((error) => ({ error, above: [] as PropertyKey[] })).reverse();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { error, above } = at;
    const path = [...above, keyOf(error.property)];
    for (const message of Object.values(error.constraints ?? {}))
      if (count++ < MAX_ISSUES) kept.push(issueAt(path, message));
    for (const child of [...(error.children ?? [])].reverse())
      open.push({ error: child, above: path.slice(0, MAX_PATH) });
  }
  return { kept, count };
}

/** class-validator names the index of an array as a property. */
function keyOf(property: unknown): PropertyKey {
  const name = String(property);
  return /^(?:0|[1-9]\d{0,14})$/.test(name) ? Number(name) : name;
}

function isPropertyError(value: unknown): value is PropertyError {
  return typeof value === 'object' && value !== null && 'property' in value;
}

function isSchemaIssue(value: unknown): value is SchemaIssue {
  return typeof (value as SchemaIssue | null)?.message === 'string';
}

function issueAt(path: NonNullable<SchemaIssue['path']>, message: unknown): Issue {
  return { path: path.slice(0, MAX_PATH).map(partOf), message: cut(String(message), MAX_TEXT) };
}

function partOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : cut(String(key), MAX_PATH_PART);
}

export function cut(text: string, max = MAX_TEXT): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

const known = new WeakMap<object, Issues>();

/** Notes the issues that an exception is about. */
export function rememberIssues(exception: unknown, issues: Issues): void {
  if (typeof exception === 'object' && exception !== null) known.set(exception, issues);
}

/** The issues that were noted for the exception. */
export function issuesOf(exception: unknown): Issues | undefined {
  return typeof exception === 'object' && exception !== null ? known.get(exception) : undefined;
}
