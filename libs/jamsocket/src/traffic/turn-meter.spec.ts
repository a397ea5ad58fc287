import { beforeEach, describe, expect, it } from '@jest/globals';
import { TurnMeter } from './turn-meter.js';

describe('a turn meter', () => {
  let now: number;
  let told: [durationMs: number, times: number][];
  let meter: TurnMeter;
  let timed: number;

  beforeEach(() => {
    now = 1_000;
    told = [];
    timed = 0;
    meter = new TurnMeter('ChatRoom.message', [
      (handler, durationMs, times) => {
        expect(handler).toBe('ChatRoom.message');
        told.push([durationMs, times]);
      },
    ]);
  });

  /** Turns one after another, each of this length. */
  function run(turns: number, durationMs: number, pauseMs = 0): void {
    for (let turn = 0; turn < turns; turn++) {
      const times = meter.begin();
      const began = now;
      now += durationMs;
      if (times > 0) {
        timed++;
        meter.end(began, now, times);
      }
      now += pauseMs;
    }
  }

  const counted = () => told.reduce((sum, [, times]) => sum + times, 0);

  it('times every turn while there are few', () => {
    run(1_000, 0.5, 10);
    expect(told).toHaveLength(1_000);
    expect(told.every(([durationMs, times]) => times === 1 && Math.abs(durationMs - 0.5) < 1e-6)).toBe(true);
  });

  it('times about 100 a second while there are many, and counts all of them', () => {
    run(100_000, 0.01);
    expect(timed).toBeLessThan(250);
    expect(timed).toBeGreaterThan(50);
    meter.flush();
    expect(counted()).toBe(100_000);
    const sum = told.reduce((total, [durationMs, times]) => total + durationMs * times, 0);
    expect(sum).toBeCloseTo(1_000, 3);
  });

  it('times every turn again when few are left, and loses none', () => {
    run(100_000, 0.01);
    run(2_000, 0.01, 20);
    timed = 0;
    run(100, 0.01, 20);
    expect(timed).toBe(100);
    expect(counted()).toBe(102_100);
  });

  it('times every turn again once its durations were read', () => {
    run(100_000, 0.01);
    meter.flush();
    timed = 0;
    run(10, 7, 20);
    expect(timed).toBe(10);
    expect(told.at(-1)).toEqual([7, 1]);
  });

  it('goes on although the clock stands still', () => {
    run(10_000, 0);
    meter.flush();
    expect(counted()).toBe(10_000);
    expect(timed).toBeLessThan(200);
  });
});
