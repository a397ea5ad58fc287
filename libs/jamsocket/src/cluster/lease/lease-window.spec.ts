import { expect, it } from '@jest/globals';
import { SystemClock } from '../../base/sources.js';
import { LeaseWindow } from './lease-window.js';

it('a lease that no time ends asks no clock, and ends when it is closed', () => {
  const clock = new SystemClock();
  let reads = 0;
  clock.now = clock.wallTime = () => ++reads;
  const lease = new LeaseWindow(clock, Infinity, 250);
  expect(lease.mayRun()).toBe(false);
  lease.extend({ monotonic: 0, wall: 0 });
  const before = reads;
  expect([lease.mayRun(), lease.mayRun(), reads - before]).toEqual([true, true, 0]);
  lease.close();
  expect(lease.mayRun()).toBe(false);
  lease.extend({ monotonic: 5, wall: 5 });
  expect(lease.mayRun()).toBe(true);
});
