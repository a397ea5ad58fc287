import { afterEach, expect, it, jest } from '@jest/globals';
import type { Logger } from '@nestjs/common';
import { RefusedError } from './errors.js';
import { isOutage, logOutage } from './log.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const away = (code: 'cluster_unavailable' | 'node_unavailable' | 'store_unavailable', cause?: unknown) =>
  new RefusedError(503, code, 'It does not answer.', {}, { cause });

it('an outage is logged once a second, with the number of lines that were left out, and without a stack', () => {
  let now = 50;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const lines: unknown[][] = [];
  const logger = { warn: (...line: unknown[]) => void lines.push(line) } as unknown as Logger;
  for (let n = 0; n < 100; n++) logOutage(logger, `Connecting to ${n} failed`, away('store_unavailable'), null);
  now += 999;
  logOutage(logger, 'Connecting failed', away('store_unavailable'), null);
  now += 1;
  logOutage(logger, 'Connecting failed', away('cluster_unavailable', new Error('ECONNREFUSED')), null);
  now += 1_000;
  logOutage(logger, 'Connecting failed', away('node_unavailable'), null);
  expect(lines).toEqual([
    ['Connecting to 0 failed: It does not answer.'],
    ['Connecting failed: It does not answer. (ECONNREFUSED) 100 more like this since the last line.'],
    ['Connecting failed: It does not answer.'],
  ]);
});

it('only refusals of an absent cluster or store are an outage', () => {
  expect(isOutage(away('cluster_unavailable'))).toBe(true);
  expect(isOutage(new RefusedError(503, 'room_failed', 'broken'))).toBe(false);
  expect(isOutage(new Error('store_unavailable'))).toBe(false);
  expect(isOutage(undefined)).toBe(false);
});
