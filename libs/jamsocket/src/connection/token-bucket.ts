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

  /** Takes a token, if there is one. `now` is in milliseconds. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.rate);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
