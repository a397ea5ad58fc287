import { bytesOrNone, keyBytes } from './json-size.js';
import { isPlainObject, type PlainObject } from './plain-object.js';

/** Levels of objects and arrays in a value. An object that contains itself has more. */
export const MAX_DEPTH = 100;

/** Thrown for a value that cannot be shared; `explainUnshareable` finds out which one it is, and where. */
export const UNSHAREABLE = new Error('The value cannot be shared.');

/** Adds up by how many bytes the JSON of a value grows. */
export interface Growth {
  growth: number;
}

/**
 * A copy of `given` that JSON does not change, and that nobody may write to: plain objects, arrays, strings, finite numbers, booleans and `null`.
 * Each property is read once. Keys whose value is `undefined` are left out, as JSON does.
 * @param before an earlier normal form. Parts that are equal stay the same objects; if all are, the result is `before`
 * @param sum gets what the result is larger than `before`, as `jsonGrowth` has it; `undefined` is a value that was not there
 * @throws UNSHAREABLE, and whatever a getter throws
 */
export function normalForm(before: unknown, given: unknown, depth = 0, sum: Growth | null = null): unknown {
  switch (typeof given) {
    case 'string':
    case 'boolean':
      return leaf(before, given, sum);
    case 'number':
      if (!Number.isFinite(given)) throw UNSHAREABLE;
      // JSON has no -0.
      return leaf(before, given === 0 ? 0 : given, sum);
    case 'object':
      if (given === null || given === before) return leaf(before, given, sum);
      if (depth >= MAX_DEPTH) throw UNSHAREABLE;
      return normalContainer(before, given, depth + 1, sum);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw UNSHAREABLE;
  }
}

function leaf(before: unknown, value: unknown, sum: Growth | null): unknown {
  if (sum !== null && before !== value) sum.growth += bytesOrNone(value) - bytesOrNone(before);
  return value;
}

function normalContainer(before: unknown, given: object, depth: number, sum: Growth | null): unknown {
  const isList = Array.isArray(given);
  if (!isList && !isPlainObject(given)) throw UNSHAREABLE;
  const isAlike = typeof before === 'object' && before !== null && Array.isArray(before) === isList;
  if (!isAlike && sum !== null) sum.growth += 1 - bytesOrNone(before);
  return isList
    ? normalArray(isAlike ? (before as readonly unknown[]) : null, given, depth, sum)
    : normalObject(isAlike ? (before as PlainObject) : null, given, depth, sum);
}

/** The same of an array. @param depth that of its elements @param sum without the byte of a new array */
export function normalArray(
  before: readonly unknown[] | null,
  given: readonly unknown[],
  depth: number,
  sum: Growth | null,
): readonly unknown[] {
  const { length } = given;
  const known = before === null ? 0 : Math.min(before.length, length);
  let copy: unknown[] | null = known === before?.length && known === length ? null : (before?.slice(0, known) ?? []);
  for (let index = 0; index < length; index++) {
    const old = index < known ? before![index] : undefined;
    const item = normalForm(old, given[index], depth, sum);
    if (item !== old) (copy ??= [...before!])[index] = item;
  }
  if (sum !== null) {
    sum.growth += length - (before === null ? 0 : before.length);
    for (let index = known; before !== null && index < before.length; index++) sum.growth -= bytesOrNone(before[index]);
  }
  return copy ?? before!;
}

function normalObject(before: PlainObject | null, given: PlainObject, depth: number, sum: Growth | null): PlainObject {
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
    else if (sum !== null) sum.growth += keyBytes(key);
    const old = isKnown ? before[key] : undefined;
    const item = normalForm(old, value, depth, sum);
    if (item !== old) (copy ??= copyOf<Record<string, unknown>>(before!))[key] = item;
  }
  if (before !== null && known < Object.keys(before).length) copy = onlyKeysOf(given, copy ?? before, sum);
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

function onlyKeysOf(given: PlainObject, from: PlainObject, sum: Growth | null): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(from)) {
    if (Object.hasOwn(given, key) && given[key] !== undefined) kept[key] = from[key];
    else if (sum !== null) sum.growth -= keyBytes(key) + bytesOrNone(from[key]);
  }
  return kept;
}
