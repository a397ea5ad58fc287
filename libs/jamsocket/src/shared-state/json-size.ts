import { pathStep } from './path.js';
import type { PlainObject } from './plain-object.js';

// Sizes of normal forms as JSON. A container has one byte and one more for each element, so the size of a whole is the sum
// of its parts and can be corrected by what has changed. For `{}` and `[]` it is one too small.

/** Characters that JSON writes as one byte. */
const SIMPLE = /^[ !#-[\]-~]*$/;

type Container = PlainObject | readonly unknown[];

/** Bytes of a normal form as JSON. Stops early, with a number above `most`, if there are more. */
export function jsonBytes(value: unknown, most = Infinity): number {
  if (typeof value === 'string') return value.length > most ? value.length : stringBytes(value);
  if (!isContainer(value)) return wordBytes(value);
  let bytes = 1;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && bytes <= most; index++)
      bytes += 1 + jsonBytes(value[index], most - bytes);
    return bytes;
  }
  for (const key of Object.keys(value)) {
    if (bytes > most) break;
    bytes += keyBytes(key) + jsonBytes((value as PlainObject)[key], most - bytes);
  }
  return bytes;
}

/** By how many bytes the JSON of a normal form grows. Parts that are the same objects in both are not looked at. */
export function jsonGrowth(before: unknown, after: unknown): number {
  if (before === after) return 0;
  if (!areAlike(before, after)) return bytesOrNone(after) - bytesOrNone(before);
  if (Array.isArray(after)) return arrayGrowth(before as readonly unknown[], after);
  return objectGrowth(before as PlainObject, after as PlainObject);
}

function arrayGrowth(before: readonly unknown[], after: readonly unknown[]): number {
  let growth = after.length - before.length;
  for (let index = 0; index < before.length || index < after.length; index++)
    if (before[index] !== after[index]) growth += jsonGrowth(before[index], after[index]);
  return growth;
}

function objectGrowth(before: PlainObject, after: PlainObject): number {
  let growth = 0;
  let known = 0;
  for (const key of Object.keys(after)) {
    const value = after[key];
    if (value === before[key]) known++;
    else if (!Object.hasOwn(before, key)) growth += keyBytes(key) + jsonBytes(value);
    else {
      known++;
      growth += jsonGrowth(before[key], value);
    }
  }
  const names = Object.keys(before);
  if (known < names.length)
    for (const key of names) if (!Object.hasOwn(after, key)) growth -= keyBytes(key) + jsonBytes(before[key]);
  return growth;
}

/** The part that grows most, such as `.log[3]`, and by how many bytes. */
export function grownPart(before: unknown, after: unknown): { readonly path: string; readonly bytes: number } {
  const whole = jsonGrowth(before, after);
  if (!areAlike(before, after)) return { path: '', bytes: whole };
  for (const [key, from, to, own] of partsOf(before, after)) {
    // More than half of the growth: no other part can have more.
    if ((jsonGrowth(from, to) + own) * 2 <= whole) continue;
    const { path, bytes } = grownPart(from, to);
    return { path: pathStep(key) + path, bytes };
  }
  return { path: '', bytes: whole };
}

/** Both are objects, or both are arrays. */
function areAlike(before: unknown, after: unknown): boolean {
  return isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after);
}

type Part = readonly [key: string | number, before: unknown, after: unknown, ownBytes: number];

/** The elements of either; `ownBytes` is what the container needs for one that is new, negative for one that is gone. */
function* partsOf(before: unknown, after: unknown): Iterable<Part> {
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      const own = index < before.length ? (index < after.length ? 0 : -1) : 1;
      yield [index, before[index], after[index], own];
    }
    return;
  }
  const [from, to] = [before, after] as [PlainObject, PlainObject];
  for (const key of Object.keys(to)) {
    const isNew = !Object.hasOwn(from, key);
    yield [key, isNew ? undefined : from[key], to[key], isNew ? keyBytes(key) : 0];
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) yield [key, from[key], undefined, -keyBytes(key)];
}

/** Bytes of a normal form as JSON; of `undefined`, a value that is missing, 0. */
export function bytesOrNone(value: unknown): number {
  return value === undefined ? 0 : jsonBytes(value);
}

/** Bytes of a key with its colon, and the comma after its value. */
export function keyBytes(key: string): number {
  return stringBytes(key) + 2;
}

function stringBytes(text: string): number {
  return SIMPLE.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text));
}

/** Of a number, boolean or null. */
function wordBytes(value: unknown): number {
  // Most numbers are short, and making texts of them takes time.
  if (typeof value === 'number' && value >= 0 && value < 1_000 && Number.isInteger(value))
    return value < 10 ? 1 : value < 100 ? 2 : 3;
  return String(value).length;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
