/**
 * Changes of the shared state, as server and client know them; docs/protocol.md describes the format. This file must not
 * import anything, since the browser client includes it.
 */

/** Name of the event that carries them. */
export const STATE_EVENT = '$state';

type Elements = Record<string, unknown>;

/**
 * Applies a patch. Neither argument is changed; parts of the value that the patch does not touch are the same objects in
 * the result.
 *
 * An array with one element sets that element. An object changes the keys that it names, and an empty array removes one.
 * A longer array is a table: changes of the same fields in many elements. Everything else sets itself.
 */
export function applyPatch(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  const isArray = Array.isArray(patch);
  if (isArray && patch.length < 2) return patch[0];
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Elements;
  if (isArray) applyTable(copy, patch as unknown as Table);
  else applyEach(copy, patch as Elements);
  return copy;
}

function applyEach(copy: Elements, changes: Elements): void {
  for (const [key, change] of Object.entries(changes)) {
    if (Array.isArray(change) && change.length === 0) delete copy[key];
    // An assignment would set the prototype. The server refuses this key.
    else if (key !== '__proto__') copy[key] = applyPatch(copy[key], change);
  }
}

/** The rest are changes of other elements. */
type Table = readonly [fields: string[], gaps: number[], cells: unknown[], rest?: Elements];

/** A row has a change for each field. The gaps say which keys have one: how many keys, in sorted order, have none before it. */
function applyTable(copy: Elements, [fields, gaps, cells, rest]: Table): void {
  const keys = Object.keys(copy).sort();
  for (let row = 0, at = 0, cell = 0; cell < cells.length; row++, at++) {
    at += gaps[row] ?? 0;
    const changes = Object.fromEntries(fields.map((field) => [field, cells[cell++]]));
    copy[keys[at]] = applyPatch(copy[keys[at]], changes);
  }
  applyEach(copy, rest ?? {});
}
