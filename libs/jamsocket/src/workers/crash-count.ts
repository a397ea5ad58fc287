/** A worker that ends sooner than this after its start has not really run. */
const EARLY_MS = 10_000;
/** So many early ends in a row are a crash loop. */
const MAX_EARLY = 5;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** Decides when a worker that has ended is replaced, and when that makes no sense any more. */
export class CrashCount {
  #early = 0;

  /** @param ranMs how long the worker has run @returns milliseconds to wait; `undefined` for a crash loop */
  delayAfter(ranMs: number): number | undefined {
    this.#early = ranMs < EARLY_MS ? this.#early + 1 : 0;
    if (this.#early >= MAX_EARLY) return undefined;
    return this.#early === 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#early - 1));
  }

  /** What `undefined` means, in words. */
  static readonly LOOP = `${MAX_EARLY} workers in a row have ended within ${EARLY_MS / 1_000} s of their start`;
}
