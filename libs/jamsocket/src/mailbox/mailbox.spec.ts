import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SystemClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import { Mailbox } from './mailbox.js';
import { ROOM_EVENTS, type RoomEvent } from '../room/room-event.js';

const textOf = (text: string): RoomEvent => ({ type: 'text', client: null as unknown as Client, text });

describe('a mailbox', () => {
  const handled: string[] = [];
  const timedOut: string[] = [];
  const ended: string[] = [];
  let drained = 0;
  let mailbox: Mailbox<RoomEvent>;
  const clock = new SystemClock();
  clock.now = () => Date.now();
  /** Functions that end the turns of texts beginning with "slow". */
  let ends: (() => void)[] = [];

  beforeEach(() => {
    handled.length = timedOut.length = ended.length = drained = 0;
    ends = [];
    const owner = {
      takeTurn(event: RoomEvent) {
        const text = (event as { text: string }).text;
        handled.push(text);
        return text.startsWith('slow') ? new Promise<void>((resolve) => ends.push(resolve)) : undefined;
      },
      turnThrew: () => undefined,
      turnEnded: (event: RoomEvent) => void ended.push((event as { text: string }).text),
      turnTimedOut: (event: RoomEvent) => void timedOut.push((event as { text: string }).text),
      mailboxDrained: () => void drained++,
    };
    mailbox = new Mailbox(owner, { maxEvents: 4, maxBytes: 100 }, clock, 1_000, ROOM_EVENTS);
  });

  const tick = () => new Promise((resolve) => setImmediate(resolve));

  it('is closed until it is opened, and then handles what came before', () => {
    mailbox.post(textOf('a'));
    mailbox.post(textOf('b'));
    expect(handled).toEqual([]);
    mailbox.open();
    expect(handled).toEqual(['a', 'b']);
  });

  it('handles an event at once when the room is idle, without a microtask', () => {
    mailbox.open();
    mailbox.post(textOf('a'));
    expect(handled).toEqual(['a']);
    expect(mailbox.isIdle).toBe(true);
  });

  it('handles one at a time, in the order they came', async () => {
    mailbox.open();
    for (const text of ['slow 1', 'b', 'slow 2', 'd']) mailbox.post(textOf(text));
    expect(handled).toEqual(['slow 1']);
    ends[0]();
    await tick();
    expect(handled).toEqual(['slow 1', 'b', 'slow 2']);
    ends[1]();
    await tick();
    expect(handled).toEqual(['slow 1', 'b', 'slow 2', 'd']);
  });

  it.each([
    ['events', ['1', '2', '3', '4']],
    ['bytes', ['x'.repeat(20), 'y'.repeat(30)]],
  ])('is full at its limit of %s, and drained at half of it', async (_what, texts) => {
    mailbox.open();
    mailbox.post(textOf('slow'));
    const areFull = texts.map((text) => mailbox.post(textOf(text)));
    expect(areFull).toEqual(texts.map((_, at) => at === texts.length - 1));
    expect(drained).toBe(0);
    ends[0]();
    await tick();
    expect(handled).toEqual(['slow', ...texts]);
    expect(drained).toBe(1);
  });

  it('moves on from a turn that takes too long, and reports it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      mailbox.open();
      mailbox.post(textOf('slow'));
      mailbox.post(textOf('next'));
      jest.advanceTimersByTime(999);
      await tick();
      expect(timedOut).toEqual([]);
      jest.advanceTimersByTime(1);
      await tick();
      expect(timedOut).toEqual(['slow']);
      expect(handled).toEqual(['slow', 'next']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('continues after every failure of its owner, and tells it of each', async () => {
    const threw: [string, unknown][] = [];
    const seen: string[] = [];
    const fail = (what: string): never => {
      throw new Error(what);
    };
    const hostile: Mailbox<RoomEvent> = new Mailbox(
      {
        takeTurn(event) {
          const { text } = event as { text: string };
          seen.push(text);
          if (text === 'throws') fail(text);
          return text === 'rejects' ? Promise.reject(new Error(text)) : undefined;
        },
        turnThrew(event, error) {
          threw.push([(event as { text?: string } | undefined)?.text ?? 'no event', (error as Error).message]);
          fail('even this');
        },
        turnEnded: (event) => void ended.push((event as { text: string }).text),
        turnTimedOut: () => fail('timed out'),
        mailboxDrained: () => fail('drained'),
      },
      { maxEvents: 2, maxBytes: 1_000 },
      new SystemClock(),
      1_000,
      ROOM_EVENTS,
    );
    for (const text of ['throws', 'rejects', 'last']) hostile.post(textOf(text));
    hostile.open();
    await tick();
    expect(seen).toEqual(['throws', 'rejects', 'last']);
    expect(threw).toEqual([
      ['throws', 'throws'],
      ['no event', 'drained'],
      ['rejects', 'rejects'],
    ]);
    expect(hostile.begin()).toBe(true);
    hostile.fail(textOf('direct'), new Error('direct'));
    expect(threw.at(-1)).toEqual(['direct', 'direct']);
    expect(ended).toEqual(['throws', 'rejects', 'last', 'direct']);
    expect(hostile.isIdle).toBe(true);
  });

  it('continues when telling its owner of a time-out fails', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const seen: string[] = [];
      const hostile = new Mailbox(
        {
          takeTurn(event) {
            seen.push((event as { text: string }).text);
            return new Promise<void>(() => undefined);
          },
          turnThrew: () => undefined,
          turnEnded() {
            throw new Error('cannot be told either');
          },
          turnTimedOut() {
            throw new Error('cannot be told');
          },
          mailboxDrained: () => undefined,
        },
        { maxEvents: 2, maxBytes: 1_000 },
        new SystemClock(),
        1_000,
        ROOM_EVENTS,
      );
      hostile.open();
      hostile.post(textOf('slow'));
      hostile.post(textOf('next'));
      jest.advanceTimersByTime(1_000);
      await tick();
      expect(seen).toEqual(['slow', 'next']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('tells of the end of each turn once, whether it took too long or not', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      mailbox.open();
      for (const text of ['at once', 'slow', 'slow 2', 'last']) mailbox.post(textOf(text));
      expect(ended).toEqual(['at once']);
      jest.advanceTimersByTime(1_000);
      await tick();
      expect(ended).toEqual(['at once', 'slow']);
      expect(mailbox.hasOverdueTurn).toBe(true);
      for (const end of ends) end();
      await tick();
      expect(ended).toEqual(['at once', 'slow', 'slow 2', 'last']);
      expect(mailbox.hasOverdueTurn).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });

  it('in a hurry starts every remaining turn in time', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      mailbox.open();
      for (let n = 0; n < 10; n++) mailbox.post(textOf(`slow ${n}`));
      const givenUp = mailbox.hurry(clock.now() + 100, (event) => (event as { text: string }).text === 'slow 5');
      expect(givenUp).toEqual([textOf('slow 5')]);
      for (let ms = 0; ms < 100; ms++) {
        jest.advanceTimersByTime(1);
        await tick();
      }
      expect(handled).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9].map((n) => `slow ${n}`));
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps of a chunk only the bytes that wait', () => {
    mailbox.open();
    mailbox.post(textOf('slow'));
    const chunk = Buffer.alloc(64 * 1024, 7);
    mailbox.post({ type: 'binary', client: null as unknown as Client, bytes: chunk.subarray(100, 110) });
    const [event] = mailbox.abandon() as Extract<RoomEvent, { type: 'binary' }>[];
    expect(event.bytes).toEqual(chunk.subarray(100, 110));
    expect(event.bytes.buffer.byteLength).toBe(10);
  });

  it('returns the waiting events when it is abandoned', () => {
    mailbox.open();
    for (const text of ['slow', 'a', 'b']) mailbox.post(textOf(text));
    expect(mailbox.abandon()).toEqual([textOf('a'), textOf('b')]);
    expect(mailbox.abandon()).toEqual([]);
  });

  it('stays in order when its queue never gets empty', async () => {
    const limits = { maxEvents: 10_000, maxBytes: 1_000_000 };
    const seen: number[] = [];
    let next = 0;
    const busy: Mailbox<RoomEvent> = new Mailbox(
      {
        takeTurn(event) {
          seen.push(Number((event as { text: string }).text));
          if (next < 5_000) busy.post(textOf(String(next++)));
          return undefined;
        },
        turnThrew: () => undefined,
        turnEnded: () => undefined,
        turnTimedOut: () => undefined,
        mailboxDrained: () => undefined,
      },
      limits,
      new SystemClock(),
      1_000,
      ROOM_EVENTS,
    );
    for (; next < 10; next++) busy.post(textOf(String(next)));
    busy.open();
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
  });
});
