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
