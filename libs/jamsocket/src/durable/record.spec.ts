import { describe, expect, it } from '@jest/globals';
import { serialize } from 'node:v8';
import { readRecord } from './read-record.js';
import {
  encode,
  encodeTime,
  PART,
  type SavedBase,
  type SavedEntry,
  type SavedMember,
  type SavedSegment,
} from './record.js';

const member = (id: number, url = '/ws/room'): SavedMember => ({ id, url, ip: '::1', joinedAt: 0, session: null });
const entry = (payload: string): SavedEntry => ({ payload, isVolatile: false, to: null, except: [] });

const base = (changes: Partial<SavedBase> = {}): SavedBase => ({
  savedAt: 1,
  nextId: 2,
  broadcasts: 3,
  endedBy: 'idle',
  members: [member(1), member(2)],
  leaving: [],
  timers: [{ name: 't', dueAt: 5, attempt: 1 }],
  clientKeys: [],
  segment: 10,
  ...changes,
});

const segment = (changes: Partial<SavedSegment> = {}): SavedSegment => ({
  savedAt: 7,
  nextId: 3,
  broadcasts: 4,
  members: [],
  gone: [],
  leaving: [],
  firstEntry: 0,
  entries: [],
  ...changes,
});

/** The parts that the first write of a record has. */
const whole = { [PART.base]: encode(base()), [PART.data]: encode([]), [PART.state]: Buffer.from('state') };

const read = (of: SavedBase, segments: readonly (readonly [number, SavedSegment])[] = []) =>
  readRecord({
    parts: { ...whole, [PART.base]: encode(of) },
    segments: segments.map(([number, value]) => ({ number, bytes: encode(value) })),
    sequence: 1,
    isReleased: true,
  });

describe('a record', () => {
  it('is its base, if nothing has been written since', () => {
    expect(read(base())).toMatchObject({ base: base(), entries: [], data: [], lastSegment: 10 });
  });

  it('is its base and the segments behind it; those before it are only log', () => {
    const record = read(base(), [
      [9, segment({ members: [member(9)], firstEntry: 20, entries: [entry('a')] })],
      [11, segment({ gone: [1], members: [member(3)], firstEntry: 21, entries: [entry('b'), entry('c')] })],
      [12, segment({ leaving: [member(1)], timers: [], savedAt: 8 })],
      [13, segment({ firstEntry: 23, entries: [entry('d')] })],
    ]);
    expect(record.base).toEqual({
      ...base({ members: [member(2), member(3)], endedBy: null, timers: [], segment: 13 }),
      savedAt: 7,
      nextId: 3,
      broadcasts: 4,
    });
    expect(record.entries.map(({ payload }) => payload)).toEqual(['a', 'b', 'c', 'd']);
    expect([record.firstEntry, record.lastSegment]).toEqual([20, 13]);
  });

  it('keeps the ids of client keys: those of the base, and of who has come since', () => {
    const url = (key: string) => `/ws/room?clientKey=${key}`;
    const { clientKeys } = read(
      base({
        clientKeys: [
          ['a', 1],
          ['b', 2],
        ],
      }),
      [
        [11, segment({ members: [member(3, url('c')), member(4, url('a'))] })],
        [12, segment({ gone: [3], members: [member(5, url(''))] })],
      ],
    ).base;
    // Client 4 joined with the key of client 1, which was still there: the key stays with client 1.
    expect(clientKeys).toEqual([
      ['b', 2],
      ['c', 3],
      ['a', 1],
    ]);
  });

  it('was saved last when its state was, if that came after all else', () => {
    const savedAt = (of: SavedBase, at: number, segments: readonly { number: number; bytes: Buffer }[] = []) =>
      readRecord({
        parts: { ...whole, [PART.base]: encode(of), [PART.at]: encodeTime(at) },
        segments,
        sequence: 1,
        isReleased: true,
      }).base.savedAt;
    const alive = base({ endedBy: null, savedAt: 5 });
    expect(savedAt(alive, 6)).toBe(6);
    expect(savedAt(alive, 6, [{ number: 11, bytes: encode(segment({ savedAt: 9 })) }])).toBe(9);
    // The write of an orderly end is the last one, even if the wall clock has gone back.
    expect(savedAt(base({ endedBy: 'idle', savedAt: 5 }), 6)).toBe(5);
  });

  it('says how the last instance ended, unless somebody has claimed the room since', () => {
    const endedBy = (isReleased: boolean) =>
      readRecord({ parts: whole, segments: [], sequence: 1, isReleased }).base.endedBy;
    expect([endedBy(true), endedBy(false)]).toEqual(['idle', null]);
  });

  it.each<[string, Parameters<typeof readRecord>[0]]>([
    ['no base', { parts: { ...whole, [PART.base]: undefined as never }, segments: [], sequence: 1, isReleased: true }],
    [
      'no state',
      { parts: { ...whole, [PART.state]: undefined as never }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'no data of clients',
      { parts: { ...whole, [PART.data]: undefined as never }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'a base of nothing',
      { parts: { ...whole, [PART.base]: Buffer.alloc(0) }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'a base that was torn',
      { parts: { ...whole, [PART.base]: encode(base()).subarray(0, 40) }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'a base of zeros',
      { parts: { ...whole, [PART.base]: Buffer.alloc(100) }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'something else',
      { parts: { ...whole, [PART.base]: serialize('hello') }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'a torn time',
      {
        parts: { ...whole, [PART.base]: encode(base({ endedBy: null })), [PART.at]: Buffer.alloc(7) },
        segments: [],
        sequence: 1,
        isReleased: true,
      },
    ],
    [
      'an invalid time',
      {
        parts: { ...whole, [PART.base]: encode(base({ endedBy: null })), [PART.at]: encodeTime(NaN) },
        segments: [],
        sequence: 1,
        isReleased: true,
      },
    ],
    [
      'nothing in its place',
      { parts: { ...whole, [PART.base]: serialize([1, null]) }, segments: [], sequence: 1, isReleased: true },
    ],
    [
      'a torn segment',
      {
        parts: { ...whole, [PART.base]: encode(base()) },
        segments: [{ number: 11, bytes: encode(segment()).subarray(0, -3) }],
        sequence: 1,
        isReleased: true,
      },
    ],
    [
      'torn data',
      {
        parts: { ...whole, [PART.base]: encode(base()), [PART.data]: Buffer.from([0xff, 0x0f]) },
        segments: [],
        sequence: 1,
        isReleased: true,
      },
    ],
  ])('cannot be read with %s, and says so', (_what, stored) => {
    expect(() => readRecord(stored)).toThrow(expect.objectContaining({ name: 'DurableError', code: 'unreadable' }));
  });

  it('cannot be read if its log has a gap: clients would miss something without a word', () => {
    const gap: [number, SavedSegment][] = [
      [11, segment({ firstEntry: 5, entries: [entry('a')] })],
      [12, segment({ firstEntry: 7, entries: [entry('c')] })],
    ];
    expect(() => read(base(), gap)).toThrow('its log has a gap');
  });

  it('cannot be read if segments behind the base are missing', () => {
    expect(() => read(base(), [[12, segment()]])).toThrow('segment 11 is missing');
  });

  it('of a later format is left alone', () => {
    const stored = {
      parts: { ...whole, [PART.base]: serialize([2, base()]) },
      segments: [],
      sequence: 1,
      isReleased: true,
    };
    expect(() => readRecord(stored)).toThrow('it has format 2, and this version of the library knows 1');
  });
});
