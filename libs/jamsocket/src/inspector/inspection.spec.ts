import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Siblings } from '../node/siblings.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { Inspection, type InspectionParts } from './inspection.js';

describe('an inspection', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('survives what it cannot read, and says so once', () => {
    const lines = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    let isBroken = false;
    let reads = 0;
    let read = (): void => undefined;
    const parts = {
      options: { intervalMs: 1_000 },
      directory: {
        get rooms() {
          reads++;
          if (isBroken) throw Object.create(null);
          return [];
        },
        totalsOf: () => [],
      },
      observers: new JamsocketObservers(),
      clock: { now: () => 0, setInterval: (show: () => void) => (read = show), clearInterval: () => undefined },
      durability: null,
      cluster: null,
      siblings: new Siblings(null),
      isInjected: null,
    };
    const inspection = new Inspection(parts as unknown as InspectionParts);
    isBroken = true;
    for (let n = 0; n < 3; n++) read();
    isBroken = false;
    read();
    inspection.stop();
    expect(reads).toBe(5);
    expect(lines.mock.calls).toEqual([['The inspector cannot show its rooms: [Object: null prototype] {}', undefined]]);
  });
});
