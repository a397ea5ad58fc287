import { platform } from './platform.js';

/** Functions that hear of something. One that throws does not keep it from the others. */
export class Listeners<T> {
  readonly #entries = new Set<(value: T) => void>();

  /** @returns ends the listening */
  add(listener: (value: T) => void): () => void {
    // An entry of its own, so that a function added twice is heard twice, and each can be taken back.
    const entry = (value: T) => listener(value);
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** @returns whether anybody listens */
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

/** As an uncaught error of the listener's own: the console and `window.onerror` or Node's `uncaughtException` get it. */
export function report(error: unknown): void {
  if (platform.reportError) platform.reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
