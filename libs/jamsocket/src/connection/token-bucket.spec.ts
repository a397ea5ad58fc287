import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

/** How many of these many tries at this time succeed. */
const takeMany = (bucket: TokenBucket, tries: number, now: number) =>
  Array.from({ length: tries }, () => bucket.take(now)).filter(Boolean).length;

describe('a token bucket', () => {
  it('starts full, refills at its rate, and never holds more than its burst', () => {
    const bucket = new TokenBucket(10, 20, 1_000);
    expect(takeMany(bucket, 50, 1_000)).toBe(20);
    expect(takeMany(bucket, 50, 1_099)).toBe(0);
    expect(takeMany(bucket, 50, 1_100)).toBe(1);
    expect(takeMany(bucket, 50, 1_600)).toBe(5);
    expect(takeMany(bucket, 50, 60_000)).toBe(20);
  });

  it('allows rates below one a second', () => {
    const bucket = new TokenBucket(0.5, 1, 0);
    expect(takeMany(bucket, 5, 0)).toBe(1);
    expect(takeMany(bucket, 5, 1_999)).toBe(0);
    expect(takeMany(bucket, 5, 2_000)).toBe(1);
  });
});
