/** Differences of fractional milliseconds are inexact: accept a token that is short by this much. */
const TOLERANCE = 1e-6;

/** A token bucket: `rate` tokens a second, at most `burst` at once (https://en.wikipedia.org/wiki/Token_bucket). */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes `count` tokens if they are available. `now` is in milliseconds. */
  take(now: number, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens < count - TOLERANCE || count > this.burst) return false;
    this.#tokens -= count;
    return true;
  }

  /** Credits the time since `since` once, even above the burst: for a client that could not send meanwhile. */
  saveSince(since: number, now: number): void {
    this.#fill(since);
    this.#tokens = Math.min(this.#tokens, this.burst) + (Math.max(0, now - this.#filledAt) / 1000) * this.rate;
    this.#filledAt = now;
  }

  /** Whether it is as full as a new bucket. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#filledAt) / 1000) * this.rate >= this.burst;
  }

  /** Fills up to the burst; a credit above the burst stays. */
  #fill(now: number): void {
    const filled = this.#tokens + (Math.max(0, now - this.#filledAt) / 1000) * this.rate;
    this.#tokens = Math.min(filled, Math.max(this.burst, this.#tokens));
    this.#filledAt = Math.max(this.#filledAt, now);
  }
}
