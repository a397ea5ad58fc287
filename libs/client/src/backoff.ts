/** How long to wait before the next attempt to connect: a random time from 0 to a bound that doubles with each attempt. */
export interface BackoffOptions {
  /** Bound of the first wait in milliseconds, 0 to Infinity. Default 500. */
  readonly minMs?: number;
  /** Largest bound in milliseconds, 0 to Infinity. Default 10,000. */
  readonly maxMs?: number;
  /** Returns a number from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface Retry {
  /** 1 for the first attempt after a connection that lasted. */
  readonly attempt: number;
  /** Milliseconds until the attempt. */
  readonly inMs: number;
}

/** A shorter connection does not reset the wait: a server may accept connections and drop them at once. */
const LASTING_MS = 5_000;
/** Longest wait that a server may ask for. */
const MAX_RETRY_AFTER_S = 24 * 60 * 60;
/** Prevents `0 * Infinity`, which is NaN, if the first bound is 0. */
const MAX_DOUBLINGS = 32;

/**
 * Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): clients that lost their
 * connections at the same time reconnect spread over the whole wait.
 */
export class Backoff {
  #attempt = 0;
  #upSince: number | undefined;

  constructor(private readonly options: BackoffOptions = {}) {}

  /** A connection is up. */
  up(): void {
    this.#upSince = performance.now();
  }

  /** A connection has ended or failed. @param retryAfter seconds to wait that the server asked for */
  next(retryAfter: unknown): Retry {
    const { minMs = 500, maxMs = 10_000, random = Math.random } = this.options;
    if (this.#upSince !== undefined && performance.now() - this.#upSince >= LASTING_MS) this.#attempt = 0;
    this.#upSince = undefined;
    const bound = Math.min(maxMs, minMs * 2 ** Math.min(this.#attempt++, MAX_DOUBLINGS));
    const wait = random() * bound;
    const asked = Number(retryAfter) > 0 ? Math.min(Number(retryAfter), MAX_RETRY_AFTER_S) * 1_000 : 0;
    return { attempt: this.#attempt, inMs: Math.round(asked + (wait >= 0 ? wait : bound)) };
  }
}
