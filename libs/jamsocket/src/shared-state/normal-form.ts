import { isPlainObject, type PlainObject } from './plain-object.js';

/** Levels of objects and arrays in a value. An object that contains itself has more. */
export const MAX_DEPTH = 100;

/** Thrown for a value that cannot be shared; `explainUnshareable` finds out which one it is, and where. */
export const UNSHAREABLE = new Error('The value cannot be shared.');

/**
 * A copy of `given` that JSON does not change, and that nobody may write to: plain objects, arrays, strings, finite numbers, booleans and `null`.
 * Each property is read once. Keys whose value is `undefined` are left out, as JSON does.
 * @param before an earlier normal form. Parts that are equal stay the same objects; if all are, the result is `before`
 * @throws UNSHAREABLE, and whatever a getter throws
 */
export function normalForm(before: unknown, given: unknown, depth = 0): unknown {
  switch (typeof given) {
    case 'string':
    case 'boolean':
      return given;
    case 'number':
      if (!Number.isFinite(given)) throw UNSHAREABLE;
      // JSON has no -0.
      return given === 0 ? 0 : given;
    case 'object':
      if (given === null || given === before) return given;
      if (depth >= MAX_DEPTH) throw UNSHAREABLE;
      if (Array.isArray(given)) return normalArray(Array.isArray(before) ? before : null, given, depth + 1);
      if (isPlainObject(given)) return normalObject(isObject(before) ? before : null, given, depth + 1);
      throw UNSHAREABLE;
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw UNSHAREABLE;
  }
}

/** The same of an array. @param depth that of its elements */
export function normalArray(
  before: readonly unknown[] | null,
  given: readonly unknown[],
  depth: number,
): readonly unknown[] {
  const { length } = given;
  const known = before === null ? 0 : Math.min(before.length, length);
  let copy: unknown[] | null = known === before?.length && known === length ? null : (before?.slice(0, known) ?? []);
  for (let index = 0; index < length; index++) {
    const old = index < known ? before![index] : undefined;
    const item = normalForm(old, given[index], depth);
    if (item !== old) (copy ??= [...before!])[index] = item;
  }
  return copy ?? before!;
}

function normalObject(before: PlainObject | null, given: PlainObject, depth: number): PlainObject {
  let copy: Record<string, unknown> | null = before === null ? {} : null;
  let known = 0;
  for (const key of Object.keys(given)) {
    const value = given[key];
    if (value === undefined) continue;
    if (key === '__proto__' || typeof value === 'function') throw UNSHAREABLE;
    // As most parts are. What an object inherits is a function or has the key above.
    if (before !== null && value === before[key]) {
      known++;
      continue;
    }
    const isKnown = before !== null && Object.hasOwn(before, key);
    if (isKnown) known++;
    const old = isKnown ? before[key] : undefined;
    const item = normalForm(old, value, depth);
    if (item !== old) (copy ??= copyOf<Record<string, unknown>>(before!))[key] = item;
  }
  if (before !== null && known < Object.keys(before).length) copy = onlyKeysOf(given, copy ?? before);
  return copy ?? before!;
}

/** A shallow copy of a normal form. */
export function copyOf<T extends object>(value: T): T {
  if (Array.isArray(value)) return value.slice() as T;
  // V8 copies objects with indices as keys, and frozen ones, three times slower with the spread, and others so much faster.
  if (!hasIndices(value) && !Object.isFrozen(value)) return { ...value };
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = (value as PlainObject)[key];
  return copy as T;
}

/** They come first. */
function hasIndices(value: object): boolean {
  for (const key in value) return key >= '0' && key < ':';
  return false;
}

/** Freezes a normal form. Its parts that are frozen are so in depth. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key of Object.keys(value)) freeze((value as PlainObject)[key]);
  return Object.freeze(value);
}

function onlyKeysOf(given: PlainObject, from: PlainObject): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    if (Object.hasOwn(given, key) && given[key] !== undefined) kept[key] = from[key];
  }
  return kept;
}

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
