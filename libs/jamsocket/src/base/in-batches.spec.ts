import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inBatches } from './in-batches.js';

describe('many items', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** @returns how many were handled, at once and after each of the next two milliseconds */
  function countsOf(count: number, msEach: number): number[] {
    const items = Array.from({ length: count }, (_, number) => number);
    const handled: number[] = [];
    let time = 0;
    const handle = (item: number) => {
      time += msEach;
      handled.push(item);
    };
    inBatches(items, handle, () => time);
    const counts = [handled.length];
    for (let ms = 0; ms < 2; ms++) {
      jest.advanceTimersByTime(1);
      counts.push(handled.length);
    }
    expect(handled).toEqual(items.slice(0, handled.length));
    return counts;
  }

  it('are handled in order, some in each millisecond', () => {
    expect(countsOf(250, 0)).toEqual([100, 200, 250]);
  });

  it('are handled in batches of a quarter of a millisecond', () => {
    expect(countsOf(100, 0.02)).toEqual([13, 26, 39]);
    expect(countsOf(20, 10)).toEqual([8, 16, 20]);
  });

  it('are handled at once if they are few', () => {
    expect(countsOf(3, 10)).toEqual([3, 3, 3]);
    expect(countsOf(0, 0)).toEqual([0, 0, 0]);
  });
});
