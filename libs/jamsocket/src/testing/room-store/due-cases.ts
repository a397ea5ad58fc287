import { RoomWriter, toBytes } from './room-writer.js';
import type { Suite } from './suite.js';

export function dueCases({ test, expect }: Suite): void {
  test('finds rooms that are due, the earliest first', async (store) => {
    const times = [700, 20, 1_800_000_000_000, 3, 100, 99];
    for (const dueAt of times) {
      const writer = await RoomWriter.claim(store, { service: 'chat', key: `at ${dueAt}` });
      await writer.commit({ parts: { base: toBytes('x') }, dueAt });
    }
    const timesOf = async (before: number, limit: number) =>
      (await store.due(before, limit, [], ['chat'])).map(({ room, dueAt }) => `${room.service} ${room.key} ${dueAt}`);
    const named = (...wanted: number[]) => wanted.map((dueAt) => `chat at ${dueAt} ${dueAt}`);
    expect(await timesOf(2, 10)).toEqual([]);
    expect(await timesOf(3, 10)).toEqual(named(3));
    expect(await timesOf(100, 10)).toEqual(named(3, 20, 99, 100));
    expect(await timesOf(100, 10)).toEqual(named(3, 20, 99, 100));
    expect(await timesOf(100, 2)).toEqual(named(3, 20));
    expect(await timesOf(100, 0)).toEqual([]);
    expect(await timesOf(1_800_000_000_000, 10)).toEqual(named(3, 20, 99, 100, 700, 1_800_000_000_000));
  });

  test('keeps when a room is due until a write says otherwise', async (store) => {
    const room = { service: 'chat', key: 'lobby' };
    const writer = await RoomWriter.claim(store, room);
    const due = async () => (await store.due(1_000, 10, [], ['chat'])).map(({ dueAt }) => dueAt);
    await writer.commit({ dueAt: 50 });
    await writer.commit({ parts: { base: toBytes('x') } });
    expect(await due()).toEqual([50]);
    await writer.commit({ dueAt: 1_001 });
    expect(await due()).toEqual([]);
    await writer.commit({ dueAt: 0 });
    expect(await due()).toEqual([0]);
    await writer.commit({ dueAt: null });
    expect(await due()).toEqual([]);
    await writer.commit({ dueAt: 60 });
    await writer.commit({ parts: { base: toBytes('y') }, isRelease: true });
    expect(await due()).toEqual([60]);
    const next = await RoomWriter.claim(store, room, 'b');
    expect(await due()).toEqual([60]);
    await next.commit({ dueAt: null });
    expect(await due()).toEqual([]);
  });

  test('leaves out the rooms of owners that see to them', async (store) => {
    const owners = ['a', 'aa', 'b', 'owner with ü / : {}', 'z'];
    for (const owner of owners) {
      const writers = await Promise.all(
        [1, 2].map((at) => RoomWriter.claim(store, { service: 'chat', key: `${owner}${at}` }, owner)),
      );
      await store.commit(writers.map((writer, at) => writer.next({ parts: { base: toBytes('x') }, dueAt: at + 1 })));
    }
    const keys = async (...except: string[]) =>
      (await store.due(9, 100, except, ['chat'])).map(({ room }) => room.key).sort();
    const of = (...wanted: string[]) => wanted.flatMap((owner) => [`${owner}1`, `${owner}2`]).sort();
    expect(await keys()).toEqual(of(...owners));
    expect(await keys('a')).toEqual(of('aa', 'b', owners[3], 'z'));
    expect(await keys('unknown', 'aa', owners[3], '')).toEqual(of('a', 'b', 'z'));
    expect(await keys(...owners)).toEqual([]);
    // A released room has no owner, and a claimed one belongs to its new owner.
    const mover = await RoomWriter.claim(store, { service: 'chat', key: 'a1' }, 'z');
    expect(await keys('z')).toEqual(['a2', ...of('aa', 'b', owners[3])].sort());
    await mover.commit({ isRelease: true });
    expect(await keys(...owners)).toEqual(['a1']);
    expect((await store.due(9, 3, ['z', 'aa', 'a'], ['chat'])).length).toBe(3);
  });

  test('finds the rooms of the services that are asked for, and no others', async (store) => {
    for (const service of ['chat', 'cha', 'chat/more', '']) {
      const rooms = ['a', 'b'].map((owner) => ({ owner, room: { service, key: owner } }));
      const writers = await Promise.all(rooms.map(({ room, owner }) => RoomWriter.claim(store, room, owner)));
      await store.commit(writers.map((writer, at) => writer.next({ parts: { base: toBytes('x') }, dueAt: at + 1 })));
    }
    const found = async (services: readonly string[], except: readonly string[] = [], limit = 9) =>
      (await store.due(9, limit, except, services)).map(({ room }) => `${room.service} ${room.key}`).sort();
    expect(await found(['chat'])).toEqual(['chat a', 'chat b']);
    expect(await found(['chat', 'chat'])).toEqual(['chat a', 'chat b']);
    expect(await found(['', 'unknown', 'cha'])).toEqual([' a', ' b', 'cha a', 'cha b']);
    expect(await found(['chat/more', 'chat'], ['a'])).toEqual(['chat b', 'chat/more b']);
    expect((await found(['chat', 'cha'], [], 3)).length).toBe(3);
    expect(await found([])).toEqual([]);
  });

  test('lists the rooms of a service page by page', async (store) => {
    const keys = Array.from({ length: 25 }, (_, at) => `room ${at}`);
    const writers = await Promise.all(keys.map((key) => RoomWriter.claim(store, { service: 'chat', key })));
    await store.commit(writers.map((writer) => writer.next({ parts: { base: toBytes('x') } })));
    for (const service of ['cha', 'chat2', 'chat/more']) {
      const writer = await RoomWriter.claim(store, { service, key: 'room 1' });
      await writer.commit({ parts: { base: toBytes('x') } });
    }
    // Claimed but never written, so it has no parts and is not listed.
    await store.claim({ service: 'chat', key: 'empty' }, 'a');
    const all: string[] = [];
    for (let page = await store.list('chat', 7); page.length > 0; page = await store.list('chat', 7, all.at(-1))) {
      expect(page.length <= 7).toBe(true);
      expect(page.every(({ service }) => service === 'chat')).toBe(true);
      all.push(...page.map(({ key }) => key));
    }
    expect([...all].sort()).toEqual([...keys].sort());
    // The key of a deleted room is still a valid start of a page.
    const gone = writers.find(({ room }) => room.key === all[9])!;
    await gone.commit({ isDelete: true });
    expect((await store.list('chat', 3, all[9])).map(({ key }) => key)).toEqual(all.slice(10, 13));
    expect((await store.list('chat', 100)).length).toBe(24);
    expect(await store.list('unknown', 100)).toEqual([]);
  });
}
