import { areAlike, changed, whole, type Changed, type ChangedPart } from './changed.js';
import { jsonBytes } from './json-size.js';
import { tableText } from './patch-table.js';

/** A patch that is not longer than this is sent as it is: with it, a client keeps the objects that have not changed. */
const SHORT = 64;

/**
 * The JSON of the patch that turns one normal form into another (see `applyPatch`); `undefined` if they are equal. An object
 * or array whose patch would be longer than itself is sent whole.
 */
export function patchText(before: unknown, after: unknown): string | undefined {
  if (before === after) return undefined;
  if (!areAlike(before, after)) return whole(after);
  const changes = changed(before, after);
  return changes && textOf(changes);
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

function textOf(changes: Changed): string {
  const { after, parts } = changes;
  const text = tableText(changes, textOf, membersText) ?? membersText(parts);
  return text.length > SHORT && jsonBytes(after, text.length) + 2 < text.length ? whole(after) : text;
}

function membersText(parts: readonly ChangedPart[]): string {
  const members = parts.map(({ key, patch }) => namedPatch(key, typeof patch === 'string' ? patch : textOf(patch)));
  return `{${members.join()}}`;
}
