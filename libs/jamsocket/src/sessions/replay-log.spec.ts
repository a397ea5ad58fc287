import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Frame } from '../wire/frame.js';
import type { JamsocketClock } from '../base/sources.js';
import { ReplayLog } from './replay-log.js';
import { Session } from './session.js';
import { runs } from '../../../../test/support/fuzz.js';

const MEMBERS = 4;

/** Time stands still until a test moves it. */
class ManualClock {
  time = 0;
  timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, ms: number) {
    const timer = { at: this.time + ms, callback };
    this.timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown) {
    this.timers = this.timers.filter((other) => other !== timer);
  }

  advance(ms: number) {
    this.time += ms;
    for (const timer of this.timers.filter(({ at }) => at <= this.time)) {
      this.clearTimeout(timer);
      timer.callback();
    }
  }
}

function createLog(maxBytes = 1_000_000, maxAgeMs = 1_000, maxMissedBytes = Infinity) {
  const clock = new ManualClock();
  return { clock, log: new ReplayLog(maxBytes, maxAgeMs, clock as unknown as JamsocketClock, maxMissedBytes) };
}

const textsOf = (frames: Frame[] | undefined) => frames?.map(({ payload }) => String(payload));

const members = fc.uniqueArray(fc.nat(MEMBERS - 1), { maxLength: MEMBERS });
const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('broadcast' as const), members }),
    fc.record({ do: fc.constant('send' as const), members }),
    fc.record({ do: fc.constant('join' as const), members }),
  ),
  { maxLength: 60 },
);

describe('the replay log', () => {
  it('gives every member exactly what it was sent after what it has', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), fc.nat(1000), (all, isSmall, part) => {
        const { log } = createLog(isSmall ? 1_500 : undefined);
        const sessions = Array.from({ length: MEMBERS }, (_, number) => new Session(String(number)));
        const wanted = sessions.map((): string[] | undefined => undefined);
        for (const [number, action] of all.entries()) {
          const chosen = action.members.map((member) => sessions[member]);
          const frame = Frame.text(String(number));
          if (action.do === 'join') {
            const newcomers = action.members.filter((member) => wanted[member] === undefined);
            for (const member of newcomers) {
              log.join(sessions[member]);
              wanted[member] = [];
            }
            continue;
          }
          if (action.do === 'broadcast') log.broadcast(frame, chosen);
          else log.send(frame, chosen);
          for (let member = 0; member < MEMBERS; member++) {
            const isChosen = action.members.includes(member);
            if (isChosen === (action.do === 'send')) wanted[member]?.push(String(number));
          }
        }
        for (const [member, texts] of wanted.entries()) {
          if (texts === undefined) continue;
          expect(log.sentTo(sessions[member])).toBe(texts.length);
          const received = part % (texts.length + 1);
          const missed = textsOf(log.missedBy(sessions[member], received));
          if (missed !== undefined || !isSmall) expect(missed).toEqual(texts.slice(received));
        }
      }),
      runs(500),
    );
  });

  it('has a gap when a client has missed more than it keeps', () => {
    const { log } = createLog(1_000);
    const session = new Session('token');
    log.join(session);
    for (let number = 0; number < 20; number++) log.broadcast(Frame.text(`message ${number}`), []);
    expect(log.missedBy(session, 0)).toBeUndefined();
    expect(textsOf(log.missedBy(session, 18))).toEqual(['message 18', 'message 19']);
  });

  it('has a gap for a client that would get more at once than may wait for it', () => {
    const { log } = createLog(undefined, undefined, 100);
    const session = new Session('token');
    log.join(session);
    for (let number = 0; number < 11; number++) log.broadcast(Frame.text('8 bytes.'), []);
    expect(log.missedBy(session, 1)).toHaveLength(10);
    expect(log.missedBy(session, 0)).toBeUndefined();
  });

  it('refuses a client that claims to have received more than was sent', () => {
    const { log } = createLog();
    const session = new Session('token');
    log.join(session);
    expect(log.missedBy(session, 1)).toBeUndefined();
  });

  it('drops entries that are too old, even if nothing more is sent', () => {
    const { log, clock } = createLog();
    const session = new Session('token');
    log.join(session);
    log.broadcast(Frame.text('old'), []);
    clock.advance(600);
    log.broadcast(Frame.text('new'), []);
    clock.advance(400);
    expect(log.missedBy(session, 0)).toBeUndefined();
    expect(textsOf(log.missedBy(session, 1))).toEqual(['new']);
    clock.advance(600);
    expect(log.missedBy(session, 1)).toBeUndefined();
    expect(clock.timers).toEqual([]);
  });

  it('stays small, however much is sent', () => {
    const { log } = createLog(10_000);
    const session = new Session('token');
    log.join(session);
    for (let number = 0; number < 5_000; number++) log.broadcast(Frame.text(`message ${number}`), []);
    const kept = Array.from({ length: 5_000 }, (_, received) => log.missedBy(session, received)).findIndex(Boolean);
    expect(kept).toBeGreaterThan(4_800);
    expect(textsOf(log.missedBy(session, 4_998))).toEqual(['message 4998', 'message 4999']);
  });
});

describe('what the replay log keeps', () => {
  const LIMIT = 8 * 1024 * 1024;
  const SHORTEST_ENTRY = 200;

  const made = (text: string) => Frame.text(Buffer.from(text).toString());
  const kinds: Record<string, (n: number) => Frame> = {
    '30 ASCII characters': (n) => made(`${n}`.padEnd(30, '.')),
    'two bytes a character': (n) => made(`${n}`.padEnd(200, '語')),
    'one character that needs two bytes': (n) => made(`${n}語`.padEnd(200, 'x')),
    '60 bytes': (n) => Frame.binary(Buffer.from(`${n}`.padEnd(60, '.'))),
  };
  const short = kinds['30 ASCII characters'];

  function used(): number {
    globalThis.gc!();
    globalThis.gc!();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }

  /** Part of the limit that the heap holds when the log is full. */
  function held(make: (n: number) => Frame, add: (log: ReplayLog, frame: Frame) => void): number {
    const { log, clock } = createLog(LIMIT, 1e9);
    const fill = (count: number) => {
      for (let n = 0; n < count; n++) {
        clock.time += 0.25;
        add(log, make(n));
      }
    };
    fill(100);
    log.clear();
    const before = used();
    fill(Math.ceil((1.5 * LIMIT) / (SHORTEST_ENTRY + make(0).payloadBytes)));
    const after = used();
    log.clear();
    return (after - before) / LIMIT;
  }

  it.each(Object.entries(kinds))('is about what it counts: %s', (_name, make) => {
    const part = held(make, (log, frame) => log.broadcast(frame, []));
    expect(part).toBeLessThan(1.15);
    expect(part).toBeGreaterThan(0.6);
  });

  it.each(['some', 'all but some'])('is about what it counts: to %s', (recipients) => {
    const { log } = createLog();
    const some = Array.from({ length: 3 }, (_, n) => new Session(String(n)));
    for (const member of some) log.join(member);
    const part = held(short, (full, frame) =>
      recipients === 'some' ? full.send(frame, some) : full.broadcast(frame, some),
    );
    expect(part).toBeLessThan(1.15);
    expect(part).toBeGreaterThan(0.6);
  });
});
