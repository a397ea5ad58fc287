import { TokenBucket } from './token-bucket.js';

/** With this many addresses in the table, idle ones are removed. */
const FORGET_AT = 10_000;

/** Limits a rate for each address. */
export class ConnectRates {
  readonly #buckets = new Map<string, TokenBucket>();
  #forgetAt = FORGET_AT;

  constructor(private readonly limit: { readonly rate: number; readonly burst: number }) {}

  /** @param now in milliseconds @returns false if it is too soon for one more */
  take(key: string, now: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#forgetAt) this.#forget(now);
      this.#buckets.set(key, (bucket = new TokenBucket(this.limit.rate, this.limit.burst, now)));
    }
    return bucket.take(now);
  }

  /** A full bucket is equal to a new one. */
  #forget(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    this.#forgetAt = Math.max(FORGET_AT, this.#buckets.size * 2);
  }
}
