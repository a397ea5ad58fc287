import { describeError } from '../base/foreign-value.js';
import { MAX_DEPTH } from './normal-form.js';
import { pathStep } from './path.js';
import { isPlainObject } from './plain-object.js';

/** Why a value cannot be shared. */
export interface Unshareable {
  /** For example `.players.bob.at`. */
  readonly path: string;
  /** For example `a Date, which JSON turns into a string`. */
  readonly what: string;
}

/** The first part of a value that cannot be shared; for error messages. Never throws. */
export function explainUnshareable(value: unknown): Unshareable {
  try {
    return visit(value, 0) ?? { path: '', what: 'a value that changes while it is read' };
  } catch (error) {
    return { path: '', what: `a value that cannot be read (${describeError(error).message})` };
  }
}

function visit(value: unknown, depth: number): Unshareable | undefined {
  const what = mistakeOf(value, depth);
  if (what !== undefined) return { path: '', what };
  if (typeof value !== 'object' || value === null) return undefined;
  // An array may have holes, and billions of them.
  const keys: Iterable<string | number> = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    const part = (value as Record<string | number, unknown>)[key];
    if (part === undefined && !Array.isArray(value)) continue;
    if (key === '__proto__') return { path: pathStep(key), what: 'a key that changes what an object is' };
    const found = visit(part, depth + 1);
    if (found !== undefined) return { ...found, path: pathStep(key) + found.path };
  }
  return undefined;
}

function mistakeOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}, which JSON turns into null`;
    case 'undefined':
      return 'undefined, which JSON turns into null in an array';
    case 'bigint':
      return 'a bigint, which JSON does not have: use a string';
    case 'symbol':
    case 'function':
      return `a ${typeof value}, which JSON drops`;
    case 'object':
      return value === null ? undefined : mistakenObject(value, depth);
    case 'string':
    case 'boolean':
      return undefined;
  }
}

function mistakenObject(value: object, depth: number): string | undefined {
  if (depth >= MAX_DEPTH) return `nested more than ${MAX_DEPTH} levels deep, or contains itself`;
  if (Array.isArray(value) || isPlainObject(value)) return undefined;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Date') return 'a Date, which JSON turns into a string: use its milliseconds or its toISOString()';
  if (tag === 'Map') return 'a Map, which JSON turns into {}: use an object with the same keys';
  if (tag === 'Set') return 'a Set, which JSON turns into {}: use an array, or an object whose values are true';
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  const name = constructor?.name;
  const kind =
    typeof name === 'string' && name !== '' && name !== 'Object' ? `an instance of ${name}` : 'no plain object';
  return `${kind}: a client would get it without its class`;
}
