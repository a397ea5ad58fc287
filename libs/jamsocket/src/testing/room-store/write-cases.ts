import { readRecord, RoomWriter, segment, toBytes, toText } from './room-writer.js';
import type { Suite } from './suite.js';

const ROOM = { service: 'chat', key: 'lobby' };

export function writeCases({ test, expect }: Suite): void {
  test('replaces the parts that a write names, and keeps the others', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    expect(await writer.commit({ parts: { base: toBytes('1'), state: toBytes('1') } })).toBe('done');
    expect(await writer.commit({ parts: { state: toBytes('2'), extra: toBytes('') } })).toBe('done');
    expect(await writer.commit({ dueAt: 5 })).toBe('done');
    expect(await readRecord(store, ROOM)).toEqual({
      parts: { base: '1', extra: '', state: '2' },
      log: [],
      sequence: 3,
    });
  });

  test('appends segments and drops those below keepFrom', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    await writer.commit({ parts: { base: toBytes('x') }, segments: [segment(3, 'c'), segment(4, 'd')] });
    await writer.commit({ segments: [segment(9, 'i')] });
    await writer.commit({ segments: [segment(10, 'j'), segment(1_000_000, 'z')], keepFrom: 4 });
    expect((await readRecord(store, ROOM))?.log).toEqual(['4:d', '9:i', '10:j', '1000000:z']);
    const then = await RoomWriter.claim(store, ROOM);
    await then.commit({ keepFrom: 5 });
    await then.commit({ segments: [segment(1_000_001, 'y')], keepFrom: 5 });
    expect((await readRecord(store, ROOM))?.log).toEqual(['9:i', '10:j', '1000000:z', '1000001:y']);
    const last = await RoomWriter.claim(store, ROOM);
    await last.commit({ segments: [segment(1_000_002, 'x')], keepFrom: 2_000_000 });
    await last.commit({ segments: [segment(2_000_001, 'w')] });
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: 'x' }, log: ['2000001:w'], sequence: 7 });
  });

  test('applies a write that was tried before once', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    const first = writer.next({ parts: { base: toBytes('1') }, segments: [segment(1, 'a')], dueAt: 1 });
    const second = writer.next({ parts: { base: toBytes('2') }, segments: [segment(2, 'b')], dueAt: 2 });
    expect(await store.commit([first])).toEqual(['done']);
    expect(await store.commit([first])).toEqual(['done']);
    expect(await store.commit([second])).toEqual(['done']);
    expect(await store.commit([first])).toEqual(['done']);
    expect(await store.due(9, 9, [], ['chat'])).toEqual([{ room: ROOM, dueAt: 2 }]);
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: '2' }, log: ['1:a', '2:b'], sequence: 2 });
  });

  test('refuses a write if one before it is missing', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    const first = writer.next({ parts: { base: toBytes('1') } });
    const second = writer.next({ parts: { base: toBytes('2') }, segments: [segment(2, 'b')], dueAt: 2 });
    expect(await store.commit([second])).toEqual(['fenced']);
    expect(await store.due(9, 9, [], ['chat'])).toEqual([]);
    expect(await store.commit([first])).toEqual(['done']);
    expect(await store.commit([second])).toEqual(['done']);
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: '2' }, log: ['2:b'], sequence: 2 });
  });

  test('keeps the order of commits that overlap', async (store) => {
    const other = await RoomWriter.claim(store, { service: 'chat', key: 'other' });
    const writer = await RoomWriter.claim(store, ROOM);
    const commits = Array.from({ length: 60 }, (_, at) => {
      const write = writer.next({ parts: { base: toBytes(`${at}`) }, segments: [segment(at + 1, `${at}`)] });
      return store.commit(at % 3 === 0 ? [other.next({ dueAt: at }), write] : [write]);
    });
    expect((await Promise.all(commits)).flat().filter((outcome) => outcome !== 'done')).toEqual([]);
    const log = Array.from({ length: 60 }, (_, at) => `${at + 1}:${at}`);
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: '59' }, log, sequence: 60 });
  });

  test('answers a batch in the order of its writes', async (store) => {
    const rooms = Array.from({ length: 9 }, (_, at) => ({ service: 'chat', key: `${8 - at}` }));
    const writers = await Promise.all(rooms.map((room) => RoomWriter.claim(store, room)));
    for (const at of [1, 4, 8]) await store.claim(rooms[at], 'b');
    const outcomes = await store.commit(
      writers.map((writer, at) => writer.next({ parts: { base: toBytes(`${at}`) } })),
    );
    expect(outcomes.map((outcome, at) => `${at}${outcome}`)).toEqual(
      rooms.map((_, at) => `${at}${[1, 4, 8].includes(at) ? 'fenced' : 'done'}`),
    );
    const kept = await Promise.all(rooms.map((room) => readRecord(store, room)));
    expect(kept.map((record) => record?.parts.base)).toEqual(
      rooms.map((_, at) => ([1, 4, 8].includes(at) ? undefined : `${at}`)),
    );
    expect(await store.commit([])).toEqual([]);
  });

  test('neither keeps the bytes it was given nor changes them', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    const memory = toBytes('..state-segment..');
    const write = { parts: { state: memory.subarray(2, 7) }, segments: [{ number: 1, bytes: memory.subarray(8, 15) }] };
    await writer.commit(write);
    expect(toText(memory)).toBe('..state-segment..');
    memory.fill(0);
    const { record } = await store.claim(ROOM, 'b');
    expect([toText(record!.parts.state), toText(record!.segments[0].bytes)]).toEqual(['state', 'segment']);
    record!.parts.state.fill(1);
    record!.segments[0].bytes.fill(1);
    expect(await readRecord(store, ROOM)).toEqual({ parts: { state: 'state' }, log: ['1:segment'], sequence: 1 });
  });

  test('keeps every byte', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    const all = Uint8Array.from({ length: 256 }, (_, at) => at);
    await writer.commit({ parts: { base: all, empty: new Uint8Array() }, segments: [{ number: 1, bytes: all }] });
    const { record } = await store.claim(ROOM, 'b');
    expect([...record!.parts.base]).toEqual([...all]);
    expect([...record!.parts.empty]).toEqual([]);
    expect([...record!.segments[0].bytes]).toEqual([...all]);
  });
}
