import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Heartbeat } from './heartbeat.js';

let asked: number[];
let dead: number[];
let heartbeat: Heartbeat;

function make(boundMs?: number): Heartbeat {
  return (heartbeat = new Heartbeat(
    boundMs,
    () => asked.push(performance.now()),
    () => dead.push(performance.now()),
  ));
}

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  asked = [];
  dead = [];
});

afterEach(() => {
  heartbeat.stop();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

/** Something is heard every so often for a while. */
function hear(everyMs: number, forMs: number): void {
  for (let passed = 0; passed < forMs; passed += everyMs) {
    jest.advanceTimersByTime(everyMs);
    heartbeat.heard();
  }
}

describe("the client's heartbeat", () => {
  it('asks after silence, and gives the connection up within ten seconds', () => {
    make().start(10_000);
    jest.advanceTimersByTime(60_000);
    expect(asked).toEqual([6_500]);
    expect(dead).toEqual([9_500]);
  });

  it('says nothing while it hears something', () => {
    make().start(10_000);
    hear(100, 60_000);
    hear(6_000, 60_000);
    expect(asked).toEqual([]);
    const last = performance.now();
    jest.advanceTimersByTime(60_000);
    expect(dead).toEqual([last + 9_500]);
  });

  it('goes on asking when it is answered', () => {
    make().start(10_000);
    for (let count = 1; count <= 10; count++) {
      jest.advanceTimersByTime(6_500);
      expect(asked).toHaveLength(count);
      jest.advanceTimersByTime(2_900);
      heartbeat.heard();
    }
    expect(dead).toEqual([]);
  });

  it.each([
    [undefined, 1_000, 6_500, 9_500],
    [undefined, 40_000, 26_000, 38_000],
    [1_000, 40_000, 650, 950],
    [60_000, 10_000, 39_000, 57_000],
    [5_000, 0, 3_250, 4_750],
    [2 ** 32, 0, 0.65 * 2 ** 32, 0.95 * 2 ** 32],
  ])(
    'with %p ms of its own and %p ms of the server asks after %p ms and gives up after %p',
    (own, server, ask, end) => {
      make(own).start(server);
      jest.advanceTimersByTime(ask + 1);
      expect(asked).toEqual([expect.closeTo(ask, 0)]);
      jest.advanceTimersByTime(end - ask);
      expect(dead).toEqual([expect.closeTo(end, -1)]);
    },
  );

  it.each([
    [undefined, 0],
    [Infinity, 10_000],
  ])('with %p ms of its own and %p ms of the server asks only if told to', (own, server) => {
    make(own).start(server);
    jest.advanceTimersByTime(3_600_000);
    expect(asked).toEqual([]);
    heartbeat.ask();
    heartbeat.ask();
    expect(asked).toEqual([3_600_000]);
    jest.advanceTimersByTime(3_001);
    expect(dead).toEqual([3_603_000]);
  });

  it('does not ask while the beats of the server come, and asks when one is overdue', () => {
    make().start(10_000, 9_000);
    hear(9_000, 600_000);
    hear(9_225, 60_000);
    expect(asked).toEqual([]);
    const last = performance.now();
    jest.advanceTimersByTime(60_000);
    expect(asked).toEqual([last + 9_250]);
    expect(dead).toEqual([last + 9_950]);
  });

  it.each([
    ['the server beats too rarely for it', 5_000, 10_000, 9_000, 3_250, 4_750],
    ['the server may be silent for longer', undefined, 40_000, 36_000, 37_000, 39_800],
    ['the client is patient', 60_000, 10_000, 9_000, 55_500, 59_700],
    ['the server does not beat', undefined, 10_000, 0, 6_500, 9_500],
  ])('keeps its own bound if %s', (_what, own, server, beat, ask, end) => {
    make(own).start(server, beat);
    jest.advanceTimersByTime(ask + 1);
    expect(asked).toEqual([expect.closeTo(ask, 0)]);
    jest.advanceTimersByTime(end - ask);
    expect(dead).toEqual([expect.closeTo(end, -1)]);
  });

  it('waits longer for the answer if it asks for another reason than an overdue beat', () => {
    make().start(10_000, 9_000);
    jest.advanceTimersByTime(1_000);
    heartbeat.ask();
    jest.advanceTimersByTime(60_000);
    expect(dead).toEqual([4_000]);
  });

  it('with beats and no bound of its own asks only if told to', () => {
    make(Infinity).start(10_000, 9_000);
    jest.advanceTimersByTime(3_600_000);
    expect(asked).toEqual([]);
    heartbeat.ask();
    jest.advanceTimersByTime(3_001);
    expect(dead).toEqual([3_603_000]);
  });

  it('does not ask while there is no connection', () => {
    make().ask();
    heartbeat.start(10_000);
    heartbeat.stop();
    heartbeat.ask();
    jest.advanceTimersByTime(60_000);
    expect(asked).toEqual([]);
  });

  it('first hears what has come when it has slept while it waited for an answer', () => {
    make().start(10_000);
    jest.advanceTimersByTime(6_500);
    // Time jumps; the timers are late, and run before anything is read.
    jest.setSystemTime(3_600_000);
    jest.advanceTimersByTime(1_500);
    heartbeat.heard();
    jest.advanceTimersByTime(6_000);
    expect(dead).toEqual([]);
  });

  /** Milliseconds from the last sign of life to the end. */
  function lives(hearMs = 0): number {
    heartbeat.start(10_000);
    if (hearMs > 0) hear(5_000, hearMs);
    const last = performance.now();
    jest.advanceTimersByTime(200_000);
    return dead.at(-1)! - last;
  }

  it('waits longer with each connection on which nothing was heard', () => {
    make();
    expect([lives(), lives(), lives()]).toEqual([9_500, 12_500, 18_500]);
    for (let count = 0; count < 10; count++) lives();
    expect(lives()).toBe(6_500 + 32 * 3_000);
    expect(lives(700_000)).toBe(9_500);
  });

  it('waits longer after one that was given up, as its line may be slow, until one lasts', () => {
    make();
    expect([lives(5_000), lives(5_000), lives(5_000)]).toEqual([9_500, 12_500, 18_500]);
    expect(lives(590_000)).toBe(30_500);
    expect(lives(700_000)).toBe(9_500);
    expect(lives(5_000)).toBe(12_500);
  });
});
