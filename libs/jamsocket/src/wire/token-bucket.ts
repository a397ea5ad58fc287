/** Times are fractions of a millisecond, whose differences are not exact: so much of a token may be missing. */
const TOLERANCE = 1e-6;

/** A token bucket: `rate` tokens a second, at most `burst` in stock (https://en.wikipedia.org/wiki/Token_bucket). */
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

  /** Takes so many tokens, if they are there. `now` is in milliseconds. */
  take(now: number, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens < count - TOLERANCE || count > this.burst) return false;
    this.#tokens -= count;
    return true;
  }

  /** Who could take nothing since `since` has what came in since then on top, once. */
  saveSince(since: number, now: number): void {
    this.#fill(since);
    this.#tokens = Math.min(this.#tokens, this.burst) + (Math.max(0, now - this.#filledAt) / 1000) * this.rate;
    this.#filledAt = now;
  }

  /** Whether it is as if nobody had ever taken a token. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#filledAt) / 1000) * this.rate >= this.burst;
  }

  /** Up to the burst; what was saved beyond it stays. */
  #fill(now: number): void {
    const filled = this.#tokens + (Math.max(0, now - this.#filledAt) / 1000) * this.rate;
    this.#tokens = Math.min(filled, Math.max(this.burst, this.#tokens));
    this.#filledAt = Math.max(this.#filledAt, now);
  }
}
