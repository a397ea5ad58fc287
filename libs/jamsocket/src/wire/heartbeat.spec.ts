import { beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketClock } from '../base/sources.js';
import type { Connection } from './connection.js';
import { SeededRandom } from '../testing/seeded-random.js';
import { beatMsOf, Heartbeat } from './heartbeat.js';

/** A clock that only the test moves. */
class TestClock extends JamsocketClock {
  time = 0;
  /** Milliseconds that every tick is late; the next is counted from there, as Node does. */
  lateness = 0;
  intervals: { callback: () => void; ms: number; nextAt: number }[] = [];

  now() {
    return this.time;
  }
  setTimeout(): NodeJS.Timeout {
    throw new Error('The sweep needs no timeouts.');
  }
  clearTimeout(): void {}
  setInterval(callback: () => void, ms: number) {
    const interval = { callback, ms, nextAt: this.time + ms + this.lateness };
    this.intervals.push(interval);
    return interval as unknown as NodeJS.Timeout;
  }
  clearInterval(timer: NodeJS.Timeout) {
    this.intervals = this.intervals.filter((interval) => interval !== (timer as unknown));
  }

  advance(ms: number) {
    const end = this.time + ms;
    for (;;) {
      const next = this.intervals.filter(({ nextAt }) => nextAt <= end).sort((a, b) => a.nextAt - b.nextAt)[0];
      if (next === undefined) break;
      this.time = next.nextAt;
      next.nextAt += next.ms + this.lateness;
      next.callback();
    }
    this.time = end;
  }

  /** The process is blocked for this long; missed intervals fire once. */
  stall(ms: number) {
    this.time += ms;
    for (const interval of this.intervals) interval.nextAt = Math.max(interval.nextAt, this.time);
    this.advance(0);
  }
}

const INTERVAL = 10_000;
const TIMEOUT = 20_000;

describe('the heartbeat', () => {
  let clock: TestClock;
  let heartbeat: Heartbeat;
  beforeEach(() => {
    clock = new TestClock();
    heartbeat = new Heartbeat(clock, INTERVAL, TIMEOUT);
  });

  function add({ answers = false } = {}) {
    const connection = {
      lastHeard: 0,
      lastSent: 0,
      sweepPart: 0,
      isPaused: false,
      pings: [] as number[],
      beats: [] as number[],
      /** The beats that had a ping. */
      withPing: [] as number[],
      unread: [] as number[],
      endedAt: undefined as number | undefined,
      ping() {
        this.pings.push(clock.time);
        if (answers) this.lastHeard = clock.time;
      },
      beat(hasPing: boolean) {
        this.beats.push(clock.time);
        this.sent();
        if (!hasPing) return;
        this.withPing.push(clock.time);
        if (answers) this.lastHeard = heartbeat.now;
      },
      sent() {
        this.lastSent = heartbeat.now;
      },
      stayUnread() {
        this.unread.push(clock.time);
      },
      terminate() {
        this.endedAt = clock.time;
        heartbeat.remove(connection as unknown as Connection);
      },
    };
    heartbeat.add(connection as unknown as Connection);
    return connection;
  }

  function addBeaten(options?: Parameters<typeof add>[0]) {
    const connection = add(options);
    heartbeat.startBeats(connection as unknown as Connection);
    return connection;
  }

  /** The longest time between two of these moments. */
  const longestBetween = (moments: readonly number[]) =>
    Math.max(...moments.slice(1).map((moment, at) => moment - moments[at]));

  it('finds every silent peer within interval and timeout, and cuts no one before the timeout', () => {
    const connections = Array.from({ length: 100 }, () => {
      clock.advance(37);
      return { addedAt: clock.time, connection: add() };
    });
    clock.advance(INTERVAL + TIMEOUT);
    for (const { addedAt, connection } of connections) {
      expect(connection.endedAt! - addedAt).toBeGreaterThanOrEqual(TIMEOUT);
      expect(connection.endedAt! - addedAt).toBeLessThanOrEqual(INTERVAL + TIMEOUT);
      expect(connection.pings.length).toBeGreaterThan(0);
    }
  });

  it('does not stay late when every tick is late', () => {
    clock.lateness = 400;
    const connections = Array.from({ length: 100 }, () => add());
    clock.advance(INTERVAL + TIMEOUT + 1_000);
    expect(connections.filter(({ endedAt }) => endedAt === undefined)).toEqual([]);
  });

  it('leaves alone those that answer', () => {
    const connection = add({ answers: true });
    clock.advance(20 * INTERVAL);
    expect(connection.endedAt).toBeUndefined();
  });

  it.each([
    [1_000, 10_000],
    [9_000, 10_000],
    [5_000, 6_000],
    [2_999, 3_000],
  ])(
    'cuts no connection before it has pinged it in time, with an interval of %d ms and a timeout of %d ms',
    (interval, timeout) => {
      heartbeat = new Heartbeat(clock, interval, timeout);
      clock.lateness = Math.min(interval, timeout - interval) / 40;
      const connections = Array.from({ length: 100 }, () => {
        clock.advance(interval / 77);
        return add({ answers: true });
      });
      clock.advance(20 * interval);
      expect(connections.filter(({ endedAt }) => endedAt !== undefined)).toEqual([]);
    },
  );

  describe('with beats', () => {
    const MINUTES = 30;

    it.each([0, 40])('costs fewer writes and reads than pings do, if every tick is %d ms late', (lateness) => {
      clock.lateness = lateness;
      const pinged = add({ answers: true });
      const beaten = Array.from({ length: 100 }, () => (clock.advance(37), addBeaten({ answers: true })));
      clock.advance(MINUTES * 60_000);
      for (const { beats, withPing, pings } of beaten) {
        expect(pings).toEqual([]);
        expect(longestBetween(beats)).toBeLessThanOrEqual(beatMsOf(INTERVAL) * 1.026 + 3 * lateness);
        expect(beats.length + withPing.length).toBeLessThanOrEqual(0.85 * (2 * pinged.pings.length) + 1);
      }
    });

    it('sends each peer something as often as announced, whatever else is sent to it', () => {
      const connections = Array.from({ length: 100 }, () => addBeaten({ answers: true }));
      const heard = connections.map(() => [clock.time]);
      const random = new SeededRandom(5);
      for (let sends = 0; sends < 3_000; sends++) {
        clock.advance(100);
        const at = random.uint32() % connections.length;
        connections[at].sent();
        heard[at].push(clock.time);
      }
      connections.forEach(({ beats }, at) => {
        const all = [...heard[at], ...beats].sort((a, b) => a - b);
        expect(longestBetween(all)).toBeLessThanOrEqual(beatMsOf(INTERVAL) * 1.026);
        expect(beats.length).toBeGreaterThan(0);
      });
    });

    it('sends none to those that hear something anyway, but pings them in time', () => {
      const connection = addBeaten({ answers: true });
      for (let sends = 0; sends < 600; sends++) {
        clock.advance(1_000);
        connection.sent();
      }
      expect(connection.pings.length).toBeGreaterThanOrEqual(600_000 / TIMEOUT - 1);
      expect(connection.pings.length).toBeLessThanOrEqual(600_000 / (TIMEOUT - INTERVAL));
      expect([connection.beats, connection.endedAt]).toEqual([[], undefined]);
    });

    it('pings no peer that is heard anyway', () => {
      const connection = addBeaten();
      for (let count = 0; count < 100; count++) {
        clock.advance(5_000);
        connection.lastHeard = heartbeat.now;
      }
      expect([connection.withPing, connection.pings, connection.endedAt]).toEqual([[], [], undefined]);
    });

    it.each([
      [INTERVAL, TIMEOUT],
      [1_000, 10_000],
      [9_000, 10_000],
      [5_000, 6_000],
      [2_999, 3_000],
    ])('cuts no peer that it has not pinged long before (%d ms and %d ms)', (interval, timeout) => {
      heartbeat = new Heartbeat(clock, interval, timeout);
      clock.lateness = Math.min(interval, timeout - interval) / 200;
      const random = new SeededRandom(7);
      const peers = [true, false].flatMap((answers) =>
        Array.from({ length: 100 }, () => {
          clock.advance(interval / 77);
          return { answers, connection: addBeaten({ answers }) };
        }),
      );
      const times = Array.from({ length: 20 * timeout }, () => random.uint32() % 5_000);
      for (const at of times) {
        clock.advance(1);
        if (at < peers.length) peers[at].connection.sent();
      }
      for (const { answers, connection } of peers) {
        const { pings, withPing, endedAt } = connection;
        if (answers) expect([pings.length + withPing.length > 10, endedAt]).toEqual([true, undefined]);
        else expect(endedAt! - Math.min(...pings, ...withPing)).toBeGreaterThanOrEqual(interval * 0.4);
      }
    });

    it('finds every silent peer within interval and timeout, and cuts no one before the timeout', () => {
      const connections = Array.from({ length: 100 }, () => {
        clock.advance(37);
        return { addedAt: clock.time, connection: addBeaten() };
      });
      clock.advance(INTERVAL + TIMEOUT);
      for (const { addedAt, connection } of connections) {
        expect(connection.endedAt! - addedAt).toBeGreaterThanOrEqual(TIMEOUT);
        expect(connection.endedAt! - addedAt).toBeLessThanOrEqual(INTERVAL + TIMEOUT);
        expect(connection.withPing.length).toBeGreaterThan(0);
      }
    });

    it('spreads the beats of connections that came at once, and after a broadcast', () => {
      const connections = Array.from({ length: 1_000 }, () => addBeaten({ answers: true }));
      clock.advance(60_000);
      for (const connection of connections) connection.sent();
      clock.advance(60_000);
      const atOnce = new Map<number, number>();
      for (const time of connections.flatMap(({ beats }) => beats)) atOnce.set(time, (atOnce.get(time) ?? 0) + 1);
      // What was visited in two parts of the time between two beats may come together.
      expect(Math.max(...atOnce.values())).toBeLessThanOrEqual(100);
    });
  });

  it('spreads the pings of connections that came at once', () => {
    const connections = Array.from({ length: 1_000 }, () => add({ answers: true }));
    clock.advance(2 * INTERVAL);
    const atOnce = new Map<number, number>();
    for (const time of connections.flatMap(({ pings }) => pings)) atOnce.set(time, (atOnce.get(time) ?? 0) + 1);
    expect(Math.max(...atOnce.values())).toBeLessThanOrEqual(50);
  });

  it('does not blame a peer for a pause of this process, but continues to ping it', () => {
    const connection = add();
    connection.isPaused = true;
    clock.advance(10 * TIMEOUT);
    expect(connection.endedAt).toBeUndefined();
    expect(connection.pings.length).toBeGreaterThanOrEqual((10 * TIMEOUT) / INTERVAL - 1);
  });

  it.each([true, false])('tells those it does not read that it is there (with beats: %p)', (isBeaten) => {
    const [paused, other] = isBeaten ? [addBeaten(), addBeaten()] : [add(), add()];
    paused.isPaused = true;
    heartbeat.paused(paused as unknown as Connection);
    clock.advance(INTERVAL);
    expect(paused.unread).toHaveLength(5);
    paused.isPaused = false;
    clock.advance(INTERVAL);
    expect([paused.unread.length, other.unread.length]).toEqual([5, 0]);
  });

  it('finds a peer that stays silent when it is read again', () => {
    const connection = add();
    connection.isPaused = true;
    clock.advance(10 * TIMEOUT);
    connection.isPaused = false;
    connection.lastHeard = clock.time;
    clock.advance(TIMEOUT - 1);
    expect(connection.endedAt).toBeUndefined();
    clock.advance(INTERVAL + 1);
    expect(connection.endedAt).toBeDefined();
  });

  it('does not blame a peer for a stall of our own, and finds the dead ones after it', () => {
    const [alive, dead] = [add({ answers: true }), add()];
    clock.advance(INTERVAL);
    clock.stall(3 * TIMEOUT);
    expect([alive.endedAt, dead.endedAt]).toEqual([undefined, undefined]);
    clock.advance(INTERVAL + TIMEOUT);
    expect([alive.endedAt, typeof dead.endedAt]).toEqual([undefined, 'number']);
  });

  it('has one timer however many connections there are, and none without any', () => {
    const [first, second] = [add(), add()];
    expect(clock.intervals).toHaveLength(1);
    first.terminate();
    expect(clock.intervals).toHaveLength(1);
    heartbeat.startBeats(second as unknown as Connection);
    expect(clock.intervals).toHaveLength(1);
    second.terminate();
    expect(clock.intervals).toHaveLength(0);
  });
});
