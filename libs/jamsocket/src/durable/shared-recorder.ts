import { patchesOf, type Values } from '../shared-state/patch-text.js';
import { encode } from './record.js';

const NOTHING: Values = {};

/**
 * Finds what has changed in the shared state of a room since the last write. Patches go into segments, and the values go
 * with a new base, if there were patches since they were written last.
 */
export class SharedRecorder {
  /** The values are immutable, so comparing the objects shows what has changed. */
  #taken: Values = NOTHING;
  #hasPatches = true;
  #isWritten = false;
  #wholeBytes = 0;
  #patchBytes = 0;

  /** Bytes of the values and of the patches after them, in the record. */
  get bytes(): number {
    return this.#wholeBytes + this.#patchBytes;
  }

  /** The values have to be written: they never were, or the patches are longer by now. */
  get needsWhole(): boolean {
    return !this.#isWritten || this.#patchBytes > Math.max(this.#wholeBytes, MIN_BYTES);
  }

  /** The patches since the last call, as a JSON object by name; `undefined` if nothing has changed. */
  take(values: Values): string | undefined {
    const patches = patchesOf(this.#taken, values);
    this.#taken = values;
    if (patches.length === 0) return undefined;
    const text = `{${patches.join()}}`;
    this.#hasPatches = true;
    this.#patchBytes += text.length;
    return text;
  }

  /** The values that were taken last; `undefined` if they are in the record. */
  takeWhole(): Buffer | undefined {
    if (!this.#hasPatches) return undefined;
    const bytes = encode(this.#taken);
    this.#hasPatches = false;
    this.#isWritten = true;
    this.#wholeBytes = bytes.byteLength;
    this.#patchBytes = 0;
    return bytes;
  }
}

/** Patches of a small state are not worth a new base. */
const MIN_BYTES = 4_096;
