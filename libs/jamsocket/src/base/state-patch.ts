/**
 * Changes of the shared state, as server and client know them; docs/protocol.md describes the format. This file must not
 * import anything, since the browser client includes it.
 */

/** Name of the event that carries them. */
export const STATE_EVENT = '$state';

/**
 * Applies a patch. Neither argument is changed; parts of the value that the patch does not touch are the same objects in
 * the result.
 *
 * An array with one element sets that element. An object changes the keys that it names, and an empty array removes one.
 * Everything else sets itself.
 */
export function applyPatch(value: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return patch[0];
  if (typeof patch !== 'object' || patch === null) return patch;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  for (const [key, change] of Object.entries(patch)) {
    if (Array.isArray(change) && change.length === 0) delete copy[key];
    // An assignment would set the prototype. The server refuses this key.
    else if (key !== '__proto__') copy[key] = applyPatch(copy[key], change);
  }
  return copy;
}
