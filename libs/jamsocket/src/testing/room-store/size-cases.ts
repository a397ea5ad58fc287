import { RoomWriter, toBytes } from './room-writer.js';
import type { Suite } from './suite.js';

const MEBIBYTE = 1_048_576;

export function sizeCases({ test, expect }: Suite): void {
  test('takes a batch of 10,000 writes, and finds them', async (store) => {
    // Only a fifth of the rooms is claimed, since a claim takes longer than a write. Writes to the others must be refused.
    const rooms = Array.from({ length: 2_000 }, (_, at) => ({ service: 'chat', key: `room ${at}` }));
    const writers: RoomWriter[] = [];
    for (let at = 0; at < rooms.length; at += 500)
      writers.push(...(await Promise.all(rooms.slice(at, at + 500).map((room) => RoomWriter.claim(store, room)))));
    const bytes = new Uint8Array(200).fill(7);
    const commit = (round: number) => {
      const writes = writers.flatMap((writer, at) => {
        const write = writer.next({ parts: { base: bytes }, dueAt: round });
        const unknown = [1, 2, 3, 4].map((other) => ({
          ...write,
          room: { service: 'chat', key: `not ${other} ${at}` },
        }));
        return [write, ...unknown];
      });
      return store.commit(writes);
    };
    const expected = rooms.flatMap(() => ['done', 'fenced', 'fenced', 'fenced', 'fenced']).join();
    for (const round of [1, 2]) expect((await commit(round)).join() === expected).toBe(true);
    expect((await store.due(2, 20_000, [], ['chat'])).length).toBe(rooms.length);
    expect(await store.due(2, 20_000, ['a'], ['chat'])).toEqual([]);
    expect((await store.list('chat', 20_000)).length).toBe(rooms.length);
    const found = await store.claim(rooms[1_999], 'b');
    expect([found.record?.sequence, found.record?.parts.base.length]).toEqual([2, 200]);
    expect((await store.due(2, 20_000, ['a'], ['chat'])).map(({ room }) => room)).toEqual([rooms[1_999]]);
  });

  test('takes parts and segments of 1 MiB', async (store) => {
    const rooms = Array.from({ length: 5 }, (_, at) => ({ service: 'chat', key: `large ${at}` }));
    const writers = await Promise.all(rooms.map((room) => RoomWriter.claim(store, room)));
    const large = (at: number) => Buffer.alloc(MEBIBYTE, `${at}, `);
    const changes = writers.map((writer, at) =>
      writer.next({
        parts: { base: large(at), state: large(at + 1) },
        segments: [{ number: 1, bytes: large(at + 2) }],
      }),
    );
    expect(await store.commit(changes)).toEqual(rooms.map(() => 'done'));
    for (const [at, room] of rooms.entries()) {
      const { record } = await store.claim(room, 'b');
      const { base, state } = record!.parts;
      const found = [base, state, record!.segments[0].bytes].map((bytes, more) => large(at + more).equals(bytes));
      expect(found).toEqual([true, true, true]);
    }
  });

  test('keeps a log of many segments', async (store) => {
    const room = { service: 'chat', key: 'lobby' };
    const writer = await RoomWriter.claim(store, room);
    const segments = Array.from({ length: 3_000 }, (_, at) => ({ number: at + 1, bytes: toBytes(`${at}`) }));
    await writer.commit({ parts: { base: toBytes('x') }, segments });
    const numbersFrom = async (keepFrom: number) => {
      expect(await writer.commit({ keepFrom })).toBe('done');
      return (await store.claim(room, 'a')).record!.segments.map(({ number }) => number);
    };
    expect(await numbersFrom(2_000)).toEqual(Array.from({ length: 1_001 }, (_, at) => at + 2_000));
  });
}
