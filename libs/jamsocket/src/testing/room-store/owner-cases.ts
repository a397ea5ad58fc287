import type { RoomStore, RoomWrite } from '../../store/room-store.js';
import { readRecord, RoomWriter, segment, toBytes } from './room-writer.js';
import type { Suite } from './suite.js';

const ROOM = { service: 'chat', key: 'lobby' };

export function ownerCases(suite: Suite): void {
  const { test, expect, options } = suite;

  test('refuses writes without the fence and owner of the record, and changes nothing', async (store) => {
    const old = await RoomWriter.claim(store, ROOM, 'old');
    const stale = old.next({ parts: { base: toBytes('stale') }, segments: [segment(1, 's')], dueAt: 1 });
    const writer = await RoomWriter.claim(store, ROOM, 'new');
    await writer.commit({ parts: { base: toBytes('kept') }, segments: [segment(1, 'kept')], dueAt: 7 });
    const next = writer.next({
      parts: { base: toBytes('forged') },
      segments: [segment(2, 'f')],
      keepFrom: 2,
      dueAt: 1,
    });
    const refused: RoomWrite[] = [
      stale,
      { ...next, owner: 'old' },
      { ...next, owner: 'NEW' },
      { ...next, owner: '' },
      { ...next, fence: next.fence + 1 },
      { ...next, fence: next.fence - 1 },
      { ...next, fence: old.fence, owner: 'old', isDelete: true },
      { ...next, fence: old.fence, owner: 'old', isRelease: true },
      { ...next, room: { service: 'chat', key: 'unknown' } },
      { ...next, room: { service: 'unknown', key: 'lobby' } },
      // A retry of an earlier owner's write is refused, too.
      { ...next, fence: old.fence, owner: 'old', sequence: 1 },
    ];
    for (const write of refused) expect(await store.commit([write])).toEqual(['fenced']);
    expect(await store.due(9, 9, [], ['chat'])).toEqual([{ room: ROOM, dueAt: 7 }]);
    expect(await store.list('chat', 9)).toEqual([ROOM]);
    expect(await store.list('unknown', 9)).toEqual([]);
    expect(await store.commit([next])).toEqual(['done']);
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: 'forged' }, log: ['2:f'], sequence: 2 });
  });

  test('keeps the record of a room that is released, and refuses later writes', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM, 'a');
    const last = writer.next({ parts: { base: toBytes('last') }, isRelease: true });
    expect(await store.commit([last])).toEqual(['done']);
    expect(await store.commit([last])).toEqual(['done']);
    expect(await writer.commit({ parts: { base: toBytes('late') } })).toBe('fenced');
    expect(await writer.commit({ isDelete: true })).toBe('fenced');
    const next = await RoomWriter.claim(store, ROOM, 'a');
    expect(next.record?.sequence).toBe(1);
    expect(next.fence > writer.fence).toBe(true);
    expect(await store.commit([last])).toEqual(['fenced']);
    expect(await next.commit({ segments: [segment(1, 'a')] })).toBe('done');
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: 'last' }, log: ['1:a'], sequence: 2 });
  });

  test('leaves nothing of a room that is deleted', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    await writer.commit({ parts: { base: toBytes('x'), more: toBytes('y') }, segments: [segment(1, 'a')], dueAt: 1 });
    const end = writer.next({ isDelete: true });
    expect(await store.commit([end])).toEqual(['done']);
    const [again] = await store.commit([end]);
    expect(['done', 'fenced'].includes(again)).toBe(true);
    expect(await writer.commit({ parts: { base: toBytes('late') } })).toBe('fenced');
    expect(await store.due(9, 9, [], ['chat'])).toEqual([]);
    expect(await store.list('chat', 9)).toEqual([]);
    const next = await RoomWriter.claim(store, ROOM);
    expect(next.record).toBe(undefined);
    await next.commit({ parts: { base: toBytes('new') } });
    expect(await readRecord(store, ROOM)).toEqual({ parts: { base: 'new' }, log: [], sequence: 1 });
  });

  test('counts right with writers that take the room from each other', async (store) => {
    await countTogether(suite, [store, store, store]);
  });

  if (options.isPrivate === true) return;

  test('fences the store of another process', async (store, database) => {
    const other = await options.open(database);
    try {
      const first = await RoomWriter.claim(store, ROOM, 'a');
      expect(await first.commit({ parts: { base: toBytes('a') }, segments: [segment(1, 'a')], dueAt: 1 })).toBe('done');
      const second = await RoomWriter.claim(other, ROOM, 'b');
      expect(second.record?.sequence).toBe(1);
      expect(await first.commit({ parts: { base: toBytes('zombie') } })).toBe('fenced');
      expect(await second.commit({ parts: { base: toBytes('b') }, dueAt: 2 })).toBe('done');
      expect(await store.due(9, 9, [], ['chat'])).toEqual([{ room: ROOM, dueAt: 2 }]);
      expect(await other.list('chat', 9)).toEqual([ROOM]);
      await other.close();
      expect(await readRecord(store, ROOM)).toEqual({ parts: { base: 'b' }, log: ['1:a'], sequence: 2 });
    } finally {
      await other.close();
    }
  });

  test('counts right with several processes that take the room from each other', async (store, database) => {
    const others = [await options.open(database), await options.open(database)];
    try {
      await countTogether(suite, [store, ...others]);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });
}

/** Each writer claims the room, reads a number and writes the next: at the end the number must equal the successful writes. */
async function countTogether({ expect }: Suite, stores: readonly RoomStore[]): Promise<void> {
  let done = 0;
  const worker = async (store: RoomStore, owner: string) => {
    for (let round = 0; round < 30; round++) {
      const writer = await RoomWriter.claim(store, ROOM, owner);
      const count = writer.record === undefined ? 0 : Buffer.from(writer.record.parts.count).readUInt32BE();
      const next = Buffer.alloc(4);
      next.writeUInt32BE(count + 1);
      const outcome = await writer.commit({ parts: { count: next }, segments: [segment(count + 1, owner)] });
      if (outcome === 'done') done++;
    }
  };
  await Promise.all(stores.map((store, at) => worker(store, `owner${at}`)));
  const { record } = await stores[0].claim(ROOM, 'reader');
  expect(done > 0).toBe(true);
  expect(Buffer.from(record!.parts.count).readUInt32BE()).toBe(done);
  expect(record!.segments.map(({ number }) => number)).toEqual(Array.from({ length: done }, (_, at) => at + 1));
  expect(record!.sequence).toBe(done);
}
