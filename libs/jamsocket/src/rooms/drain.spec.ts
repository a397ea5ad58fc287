import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SystemClock, SystemRandom } from '../base/sources.js';
import type { RoomRegistry } from './room-registry.js';
import { drainRooms } from './drain.js';

describe('draining', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Drains a room of this many clients. @returns which client was closed when */
  async function drain(count: number, graceMs: number, latenessMs = 0) {
    const closes: { id: number; at: number }[] = [];
    const began = Date.now();
    const clients = Array.from({ length: count }, (_, id) => ({
      id,
      finish: (done: () => void) => done(),
      end: () => closes.push({ id, at: Date.now() - began }),
    }));
    const registry = {
      refuseNew: () => undefined,
      unstopped: () => [{ lifecycle: null, members: { all: clients } }],
      entries: () => [],
      closing: new Set(),
    };
    const clock = new SystemClock();
    clock.now = () => Date.now();
    clock.setTimeout = (callback, ms) => setTimeout(callback, ms + latenessMs);
    const drained = drainRooms(registry as unknown as RoomRegistry, graceMs, clock, new SystemRandom());
    await jest.runAllTimersAsync();
    await drained;
    return { closes, tookMs: Date.now() - began };
  }

  it('spreads the closes over half of the grace, in random order', async () => {
    const { closes } = await drain(10_000, 4_000);
    const times = new Map<number, number>();
    for (const { at } of closes) times.set(at, (times.get(at) ?? 0) + 1);
    expect(new Set(closes.map(({ id }) => id)).size).toBe(10_000);
    expect(Math.max(...times.values())).toBeLessThanOrEqual(60);
    expect(Math.max(...times.keys())).toBeGreaterThan(1_900);
    expect(Math.max(...times.keys())).toBeLessThanOrEqual(2_000);
    const inOrder = closes.filter(({ id }, at) => at > 0 && id === closes[at - 1].id + 1).length;
    expect(inOrder).toBeLessThan(100);
  });

  it('is done in time when every tick is late', async () => {
    const { closes } = await drain(2_000, 4_000, 90);
    expect(closes).toHaveLength(2_000);
    expect(Math.max(...closes.map(({ at }) => at))).toBeLessThanOrEqual(2_100);
  });

  it('does not keep a small server waiting', async () => {
    expect((await drain(20, 4_000)).tookMs).toBeLessThanOrEqual(20);
  });
});
