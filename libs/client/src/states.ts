import { applyPatch } from '../../jamsocket/src/base/state-patch.js';
import { Listeners } from './listeners.js';

/** The shared state of the room, by name, as far as it has been received. */
export class States {
  readonly #values = new Map<string, unknown>();
  readonly #listeners = new Map<string, Listeners<unknown>>();

  get(name: string): unknown {
    return this.#values.get(name);
  }

  /** @returns a function that removes the listener */
  listen(name: string, listener: (value: unknown) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Listeners<unknown>();
    this.#listeners.set(name, listeners);
    return listeners.add(listener);
  }

  /** @param changes patches by name */
  change(changes: unknown): void {
    const patches = Object.entries(changes ?? {});
    for (const [name, patch] of patches) this.#values.set(name, applyPatch(this.get(name), patch));
    for (const [name] of patches) this.#listeners.get(name)?.tell(this.get(name));
  }
}
