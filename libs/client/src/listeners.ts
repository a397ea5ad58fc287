import { platform } from './platform.js';

/** A set of listeners. An error of one does not affect the others. */
export class Listeners<T> {
  readonly #entries = new Set<(value: T) => void>();

  /** @returns a function that removes the listener */
  add(listener: (value: T) => void): () => void {
    // A function that is added twice is called twice, and each entry can be removed.
    const entry = (value: T) => listener(value);
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** @returns whether there are listeners */
  tell(value: T): boolean {
    const entries = [...this.#entries];
    for (const entry of entries) {
      try {
        entry(value);
      } catch (error) {
        report(error);
      }
    }
    return entries.length > 0;
  }
}

/** Reports an error as uncaught: the console and `window.onerror` or Node's `uncaughtException` get it. */
export function report(error: unknown): void {
  if (platform.reportError) platform.reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
