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
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.rate);
    this.#filledAt = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Whether it is as if nobody had ever taken a token. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#filledAt) / 1000) * this.rate >= this.burst;
  }
}
