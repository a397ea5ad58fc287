import { boundedJson } from '../replies/bounded-json.js';

/** @returns the value as JSON; `undefined` for `undefined`; `null` if JSON cannot carry it, or it is too long */
export function valueJson(value: unknown, maxBytes: number): string | undefined | null {
  if (value === undefined) return undefined;
  try {
    const json = boundedJson(value, maxBytes);
    return json !== undefined && Buffer.byteLength(json) <= maxBytes ? json : null;
  } catch {
    return null;
  }
}
