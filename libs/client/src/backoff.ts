/** How long to wait before connecting again: a random time from 0 to a bound that doubles from attempt to attempt. */
export interface BackoffOptions {
  /** Bound of the first wait in milliseconds, 0 to Infinity; 500 unless given. */
  readonly minMs?: number;
  /** What the bound does not grow beyond, in milliseconds, 0 to Infinity; 10,000 unless given. */
  readonly maxMs?: number;
  /** A number from 0 to below 1; `Math.random` unless given. */
  readonly random?: () => number;
}

export interface Retry {
  /** 1 for the first attempt after the last connection that has lasted. */
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly inMs: number;
}

/** A connection that ends sooner does not count: a server that accepts and drops must not be dialled without pause. */
const LASTING_MS = 5_000;
/** What a server may ask for at most. */
const MAX_RETRY_AFTER_S = 24 * 60 * 60;
/** Keeps the bound of a first wait of 0 a number. */
const MAX_DOUBLINGS = 32;

/**
 * Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): clients that have lost
 * their connections in the same instant come back spread over the whole wait.
 */
export class Backoff {
  #attempt = 0;
  #upSince: number | undefined;

  constructor(private readonly options: BackoffOptions = {}) {}

  /** A connection is up. */
  up(): void {
    this.#upSince = performance.now();
  }

  /** A connection has ended or could not be made. `retryAfter` is what the server asked for, in seconds. */
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
