import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '../testing/time/virtual-clock.js';
import { SystemClock } from './sources.js';

describe.each([
  ['the system clock', new SystemClock()],
  ['the virtual clock', new VirtualClock()],
])('%s', (_name, clock) => {
  it.each([2 ** 31, Infinity, NaN, undefined as never])('refuses a delay that Node would not wait for: %p', (ms) => {
    const run = () => {
      throw new Error('It fired.');
    };
    expect(() => clock.setTimeout(run, ms)).toThrow(RangeError);
    expect(() => clock.setInterval(run, ms)).toThrow('would fire at once');
  });

  it('takes the longest there is', () => {
    clock.clearTimeout(clock.setTimeout(() => undefined, 2 ** 31 - 1));
    clock.clearInterval(clock.setInterval(() => undefined, 2 ** 31 - 1));
  });
});

describe('the system clock', () => {
  it('does not jump when the wall clock is set', () => {
    const clock = new SystemClock();
    const realNow = Date.now;
    const [before, wallBefore] = [clock.now(), clock.wallTime()];
    Date.now = () => realNow() + 3_600_000;
    try {
      expect(clock.now() - before).toBeLessThan(600_000);
      expect(clock.wallTime() - wallBefore).toBeGreaterThanOrEqual(3_600_000);
      Date.now = () => realNow() - 3_600_000;
      expect(clock.now()).toBeGreaterThanOrEqual(before);
    } finally {
      Date.now = realNow;
    }
  });
});
