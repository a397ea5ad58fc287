import { serialize } from 'node:v8';
import { describeError } from '../base/foreign-value.js';
import { DurableError } from './durable-error.js';

const PLAIN_PROTOTYPES: ReadonlySet<object | null> = new Set([
  null,
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  DataView.prototype,
  Buffer.prototype,
  Boolean.prototype,
  Number.prototype,
  String.prototype,
  BigInt.prototype,
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(({ prototype }) => prototype),
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map(
    ({ prototype }) => prototype,
  ),
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array].map(({ prototype }) => prototype),
]);

/** A value that a structured clone refuses or silently changes. */
export interface Unclonable {
  /** For example `.entries[3].at`. */
  readonly path: string;
  readonly what: string;
}

/**
 * The first value that a structured clone would refuse or change. `v8.serialize` does not help: it throws on a function
 * without naming its path, and silently turns instances of classes into plain objects.
 */
export function findUnclonable(value: unknown): Unclonable | undefined {
  return visit(value, new Set());
}

/**
 * Serializes everything, or names the first value that cannot be, such as a Proxy.
 * @param named what `whole` has in it, each with its name
 * @throws DurableError `bad_state`
 */
export function serialized(whole: unknown, named: () => readonly (readonly [name: string, value: unknown])[]): Buffer {
  try {
    return serialize(whole);
  } catch (error) {
    const name = named().find(([, value]) => !isSerializable(value))?.[0] ?? 'The room';
    throw new DurableError('bad_state', `${name} cannot be saved: ${describeError(error).message}`, { cause: error });
  }
}

/** For messages of errors: what was thrown while a value was read. */
export function thrown(error: unknown): string {
  const { name, message } = describeError(error);
  return `${name}: ${message}`;
}

function isSerializable(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

function visit(value: unknown, seen: Set<object>): Unclonable | undefined {
  if (typeof value === 'function') return { path: '', what: 'a function' };
  if (typeof value === 'symbol') return { path: '', what: 'a symbol' };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const what = mistakeIn(value);
  if (what !== undefined) return { path: '', what };
  if (ArrayBuffer.isView(value)) return undefined;
  if (value instanceof Map) return visitMap(value, seen);
  if (value instanceof Set) return visitEach([...value], (index) => `.values()[${index}]`, seen);
  if (Array.isArray(value)) return visitEach(value, (index) => `[${index}]`, seen);
  return visitFields(value, seen);
}

/** The path is built on the way back, so it costs nothing if all values are fine. */
function visitEach(
  values: readonly unknown[],
  step: (index: number) => string,
  seen: Set<object>,
): Unclonable | undefined {
  for (let index = 0; index < values.length; index++) {
    const found = visit(values[index], seen);
    if (found !== undefined) return { ...found, path: step(index) + found.path };
  }
  return undefined;
}

function visitFields(value: object, seen: Set<object>): Unclonable | undefined {
  for (const key of Object.keys(value)) {
    const found = visit((value as Record<string, unknown>)[key], seen);
    if (found !== undefined) return { ...found, path: pathStep(key) + found.path };
  }
  return undefined;
}

function visitMap(map: ReadonlyMap<unknown, unknown>, seen: Set<object>): Unclonable | undefined {
  for (const [key, value] of map) {
    const inKey = visit(key, seen);
    if (inKey !== undefined) return { ...inKey, path: `.keys()${inKey.path}` };
    const found = visit(value, seen);
    if (found !== undefined) return { ...found, path: `.get(${nameOf(key)})${found.path}` };
  }
  return undefined;
}

function mistakeIn(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (PLAIN_PROTOTYPES.has(prototype)) return undefined;
  // A value of another realm, such as a vm context, has that realm's prototypes. A clone gives it those of this realm.
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name = (prototype as { constructor?: { name?: unknown } }).constructor?.name;
  if (name === tag && FOREIGN_TAGS.has(tag) && isBuiltIn(prototype!)) return undefined;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object with a prototype of its own';
}

/** Application classes and objects used as prototypes do not count, whatever their name. */
function isBuiltIn(prototype: object): boolean {
  if (!Object.hasOwn(prototype, 'constructor')) return false;
  for (let above = prototype; above !== null; above = Object.getPrototypeOf(above) as object)
    if (PLAIN_PROTOTYPES.has(above)) return false;
  return true;
}

const FOREIGN_TAGS: ReadonlySet<string> = new Set([
  'Object',
  'Array',
  'Map',
  'Set',
  'Date',
  'RegExp',
  'Error',
  'ArrayBuffer',
  'Uint8Array',
]);

function pathStep(key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 50))}]`;
}

function nameOf(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.slice(0, 50));
  return typeof key === 'number' ? String(key) : `{${typeof key}}`;
}
