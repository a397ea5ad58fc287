import type { PlainObject } from './plain-object.js';

type Container = PlainObject | readonly unknown[];

/** What is different in an object or array, as a tree. */
export interface Changed {
  readonly before: Container;
  readonly after: Container;
  readonly parts: readonly ChangedPart[];
  /** The keys before. */
  readonly names: readonly string[] | null;
}

export interface ChangedPart {
  /** In an array an index, or `length` if it is cut. */
  readonly key: string;
  /** The JSON of the patch of the element, or what is different in it if it is an object or array as before. */
  readonly patch: string | Changed;
}

/** The patch that removes a key. */
export const REMOVED = '[]';

/** The JSON of the patch that sets a whole value. */
export function whole(value: unknown): string {
  // As JSON has it, and faster.
  if (typeof value === 'number') return String(value);
  const json = JSON.stringify(value);
  return typeof value === 'object' && value !== null ? `[${json}]` : json;
}

/** Both are objects, or both are arrays. */
export function areAlike(before: unknown, after: unknown): boolean {
  return isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after);
}

/** @param before an object or array of the same kind; `undefined` if they are equal */
export function changed(before: unknown, after: unknown): Changed | undefined {
  const parts: ChangedPart[] = [];
  let names: readonly string[] | null = null;
  if (Array.isArray(after)) addElements(parts, before as readonly unknown[], after);
  else addMembers(parts, before as PlainObject, after as PlainObject, (names = Object.keys(before as PlainObject)));
  return parts.length === 0 ? undefined : { before: before as Container, after: after as Container, parts, names };
}

function addElements(parts: ChangedPart[], before: readonly unknown[], after: readonly unknown[]): void {
  for (let index = 0; index < after.length; index++) {
    const patch = index < before.length ? patchOf(before[index], after[index]) : whole(after[index]);
    if (patch !== undefined) parts.push({ key: String(index), patch });
  }
  if (after.length < before.length) parts.push({ key: 'length', patch: String(after.length) });
}

function addMembers(parts: ChangedPart[], before: PlainObject, after: PlainObject, names: readonly string[]): void {
  let known = 0;
  for (const key of Object.keys(after)) {
    const value = after[key];
    if (value === before[key]) {
      known++;
      continue;
    }
    const isKnown = Object.hasOwn(before, key);
    if (isKnown) known++;
    const patch = isKnown ? patchOf(before[key], value) : whole(value);
    if (patch !== undefined) parts.push({ key, patch });
  }
  if (known < names.length)
    for (const key of names) if (!Object.hasOwn(after, key)) parts.push({ key, patch: REMOVED });
}

function patchOf(before: unknown, after: unknown): string | Changed | undefined {
  if (before === after) return undefined;
  return areAlike(before, after) ? changed(before, after) : whole(after);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
