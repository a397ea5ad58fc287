import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RoomOptions, WebSocketClass } from 'jamsocket-client';
import { join, startServer } from './support/fixture.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOT_NUMBERS = [NaN, -1, '5', null];

describe('the times of a client', () => {
  let dials: number;

  beforeEach(() => {
    jest.useFakeTimers();
    dials = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A socket that closes with 1006 after so many milliseconds. */
  function failingAfter(ms: number): WebSocketClass {
    return class extends EventTarget {
      readyState = 0;

      constructor() {
        super();
        dials++;
        if (ms < Infinity) setTimeout(() => this.close(), ms);
      }

      close(): void {
        this.readyState = 3;
        this.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '' }));
      }
    };
  }

  const start = (options: RoomOptions, ms = 0) => join('ws://host/', { WebSocket: failingAfter(ms), ...options });

  it.each([
    [{ minMs: 40 * DAY_MS, maxMs: Infinity, random: () => 0.75 }, 30 * DAY_MS],
    [{ minMs: 0, maxMs: 30 * DAY_MS, random: () => NaN }, 0],
    [{ minMs: Infinity, maxMs: 30 * DAY_MS, random: () => NaN }, 30 * DAY_MS],
  ])('are waited for before the next attempt, however long: %o', async (backoff, inMs) => {
    const room = start({ backoff });
    await jest.advanceTimersByTimeAsync(10);
    if (inMs === 0) return expect(dials).toBeGreaterThan(2);
    expect(room.connection).toMatchObject({ status: 'reconnecting', inMs });
    await jest.advanceTimersByTimeAsync(inMs - 100);
    expect(dials).toBe(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(dials).toBe(2);
  });

  it('may be infinite before the next attempt, except if the caller wants it now', async () => {
    const room = start({ backoff: { minMs: Infinity, maxMs: Infinity, random: () => 0 } });
    await jest.advanceTimersByTimeAsync(90 * DAY_MS);
    expect(room.connection).toMatchObject({ status: 'reconnecting', inMs: Infinity });
    expect(dials).toBe(1);
    room.reconnectNow();
    await jest.advanceTimersByTimeAsync(10);
    expect(dials).toBe(2);
  });

  it('let a connection take as long as they say', async () => {
    const [endless, long] = [Infinity, 20 * DAY_MS].map((connectTimeoutMs) => start({ connectTimeoutMs }, Infinity));
    await jest.advanceTimersByTimeAsync(20 * DAY_MS - 1);
    expect([endless.status, long.status]).toEqual(['connecting', 'connecting']);
    await jest.advanceTimersByTimeAsync(10);
    expect([endless.status, long.status]).toEqual(['connecting', 'reconnecting']);
  });

  it('without an end are no end at once', async () => {
    jest.useRealTimers();
    const server = await startServer();
    const room = join(server.url, { connectTimeoutMs: Infinity, requestTimeoutMs: Infinity });
    const connection = await server.welcomed();
    const request = room.request('ask');
    const { id } = await connection.nextJson();
    connection.send(JSON.stringify({ event: 'ask', data: 'answer', id }));
    expect(await request).toBe('answer');
  });

  it.each(['connectTimeoutMs', 'requestTimeoutMs', 'heartbeatMs', 'maxQueuedMessages', 'maxQueuedBytes'])(
    'and other numbers are refused if they are invalid: %s',
    (name) => {
      for (const value of NOT_NUMBERS)
        expect(() => start({ [name]: value })).toThrow(
          new TypeError(`${name} is ${String(value)}: it must be a number from 0 to Infinity`),
        );
      expect(dials).toBe(0);
    },
  );

  it.each(['minMs', 'maxMs'])('are refused when they are none: backoff.%s', (name) => {
    for (const value of NOT_NUMBERS)
      expect(() => start({ backoff: { [name]: value } })).toThrow(`backoff.${name} is ${String(value)}: it must`);
  });
});
