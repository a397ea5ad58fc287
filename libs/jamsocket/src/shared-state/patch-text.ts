import { jsonBytes } from './json-size.js';
import type { PlainObject } from './plain-object.js';

/** A patch that is not longer than this is sent as it is: with it, a client keeps the objects that have not changed. */
const SHORT = 64;

/**
 * The JSON of the patch that turns one normal form into another (see `applyPatch`); `undefined` if they are equal. An object
 * or array whose patch would be longer than itself is sent whole.
 */
export function patchText(before: unknown, after: unknown): string | undefined {
  if (before === after) return undefined;
  if (Array.isArray(after)) return Array.isArray(before) ? changes(arrayChanges(before, after), after) : whole(after);
  if (!isObject(after)) return whole(after);
  return isObject(before) ? changes(objectChanges(before, after), after) : whole(after);
}

/** The JSON of the patch that sets a whole value. */
export function whole(value: unknown): string {
  const json = JSON.stringify(value);
  return typeof value === 'object' && value !== null ? `[${json}]` : json;
}

/** Values by name. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * The members of the JSON object with the patches of the values that differ, by name. Not one patch of all of them: that
 * might be their whole, without the values that are not here.
 */
export function patchesOf(before: Values, after: Values): string[] {
  return Object.keys(after).flatMap((name) => {
    const patch = Object.hasOwn(before, name) ? patchText(before[name], after[name]) : whole(after[name]);
    return patch === undefined ? [] : [namedPatch(name, patch)];
  });
}

export function namedPatch(name: string, patch: string): string {
  return `${JSON.stringify(name)}:${patch}`;
}

function changes(parts: readonly string[], after: object): string | undefined {
  if (parts.length === 0) return undefined;
  const text = `{${parts.join(',')}}`;
  return text.length > SHORT && jsonBytes(after, text.length) + 2 < text.length ? whole(after) : text;
}

function arrayChanges(before: readonly unknown[], after: readonly unknown[]): string[] {
  const parts: string[] = [];
  for (let index = 0; index < after.length; index++) {
    const change = index < before.length ? patchText(before[index], after[index]) : whole(after[index]);
    if (change !== undefined) parts.push(`"${index}":${change}`);
  }
  if (after.length < before.length) parts.push(`"length":${after.length}`);
  return parts;
}

function objectChanges(before: PlainObject, after: PlainObject): string[] {
  const parts: string[] = [];
  let known = 0;
  for (const key of Object.keys(after)) {
    const value = after[key];
    if (value === before[key]) {
      known++;
      continue;
    }
    const isKnown = Object.hasOwn(before, key);
    if (isKnown) known++;
    const change = isKnown ? patchText(before[key], value) : whole(value);
    if (change !== undefined) parts.push(`${JSON.stringify(key)}:${change}`);
  }
  const names = Object.keys(before);
  if (known < names.length)
    for (const key of names) if (!Object.hasOwn(after, key)) parts.push(`${JSON.stringify(key)}:[]`);
  return parts;
}

function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
