import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { inBatches } from './in-batches.js';

describe('many items', () => {
  it('are handled in order, some in each tick of the event loop', async () => {
    const items = Array.from({ length: 250 }, (_, number) => number);
    const handled: number[] = [];
    inBatches(items, (item) => handled.push(item));
    const counts = [handled.length];
    for (let tick = 0; tick < 3; tick++) {
      await turn();
      counts.push(handled.length);
    }
    expect(counts).toEqual([100, 200, 250, 250]);
    expect(handled).toEqual(items);
  });

  it('are handled at once if they are few', () => {
    const handled: number[] = [];
    inBatches([1, 2, 3], (item) => handled.push(item));
    inBatches([], (item) => handled.push(item));
    expect(handled).toEqual([1, 2, 3]);
  });
});
