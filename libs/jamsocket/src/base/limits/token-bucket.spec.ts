import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

/** @returns how many of `tries` attempts at this time succeed */
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

  it('saves tokens earned while a client was away, beyond its burst, once', () => {
    const bucket = new TokenBucket(10, 20, 0);
    expect(takeMany(bucket, 15, 0)).toBe(15);
    bucket.saveSince(100, 3_100);
    // 5 of the burst were left; 1 was earned until 100 and 30 from then on.
    expect(takeMany(bucket, 100, 3_100)).toBe(36);
    expect(takeMany(bucket, 100, 60_000)).toBe(20);
  });

  it('saves only the tokens of the last call', () => {
    const bucket = new TokenBucket(10, 20, 0);
    for (const now of [1_000, 2_000, 3_000]) bucket.saveSince(now - 1_000, now);
    expect(takeMany(bucket, 100, 3_000)).toBe(30);
    bucket.saveSince(3_000, 4_000);
    expect(takeMany(bucket, 100, 60_000)).toBe(20);
  });

  it('never gives more at once than its burst to a single taker', () => {
    const bucket = new TokenBucket(10, 20, 0);
    bucket.saveSince(0, 10_000);
    expect([bucket.take(10_000, 21), bucket.take(10_000, 20)]).toEqual([false, true]);
  });

  it('gives all that came in at times that are no whole milliseconds', () => {
    const start = 1_000 / 7;
    expect(start + 2_000 - start).toBeLessThan(2_000);
    const bucket = new TokenBucket(10, 20, start);
    expect(takeMany(bucket, 50, start)).toBe(20);
    expect(takeMany(bucket, 50, start + 2_000)).toBe(20);
  });

  it('allows rates below one a second', () => {
    const bucket = new TokenBucket(0.5, 1, 0);
    expect(takeMany(bucket, 5, 0)).toBe(1);
    expect(takeMany(bucket, 5, 1_999)).toBe(0);
    expect(takeMany(bucket, 5, 2_000)).toBe(1);
  });
});
