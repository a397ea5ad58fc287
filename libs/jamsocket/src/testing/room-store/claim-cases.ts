import type { Claim } from '../../store/room-store.js';
import { readRecord, RoomWriter, segment, toBytes, toText } from './room-writer.js';
import { codeOf } from '../framework/test-framework.js';
import type { Suite } from './suite.js';

const ROOM = { service: 'chat', key: 'lobby' };

export function claimCases({ test, expect, options }: Suite): void {
  test('says how durable it is', async (store) => {
    expect((await store.describe()).length > 0).toBe(true);
  });

  test('gives each claim a larger fence', async (store) => {
    const first = await store.claim(ROOM, 'a');
    const second = await store.claim(ROOM, 'b');
    const third = await store.claim(ROOM, 'b', second.fence + 1_000);
    expect([first.record, second.record, third.record]).toEqual([undefined, undefined, undefined]);
    expect(Number.isSafeInteger(first.fence) && first.fence > 0).toBe(true);
    expect(second.fence > first.fence).toBe(true);
    expect(third.fence >= second.fence + 1_000).toBe(true);
    expect(Number.isSafeInteger(third.fence)).toBe(true);
    expect((await store.claim(ROOM, 'b', 1)).fence > third.fence).toBe(true);
  });

  test('gives a new record a fence of at least the one asked for', async (store) => {
    const minFence = Number.MAX_SAFE_INTEGER - 100;
    expect((await store.claim(ROOM, 'a', minFence)).fence >= minFence).toBe(true);
    const { fence } = await store.claim(ROOM, 'a');
    expect(fence > minFence && Number.isSafeInteger(fence)).toBe(true);
  });

  test('gives concurrent claims different fences, and only the last may write', async (store) => {
    const owners = Array.from({ length: 10 }, (_, at) => `owner${at}`);
    const claims = await Promise.all(owners.map((owner) => RoomWriter.claim(store, ROOM, owner)));
    expect(new Set(claims.map(({ fence }) => fence)).size).toBe(10);
    const last = claims.reduce((a, b) => (a.fence > b.fence ? a : b));
    for (const claim of claims) {
      expect(await claim.commit({ parts: { base: toBytes(claim.owner) } })).toBe(claim === last ? 'done' : 'fenced');
    }
    expect((await readRecord(store, ROOM))?.parts).toEqual({ base: last.owner });
  });

  test('never gives a fence again, though the room was deleted', async (store) => {
    const first = await RoomWriter.claim(store, ROOM);
    const late = first.next({ parts: { base: toBytes('late') } });
    const deleter = await RoomWriter.claim(store, ROOM);
    expect(await deleter.commit({ isDelete: true })).toBe('done');
    const again = await RoomWriter.claim(store, ROOM);
    expect(again.record).toBe(undefined);
    expect([first.fence, deleter.fence].includes(again.fence)).toBe(false);
    expect(await store.commit([late])).toEqual(['fenced']);
    expect(await again.commit({ parts: { base: toBytes('new') } })).toBe('done');
  });

  test('keeps services and rooms apart', async (store) => {
    const rooms = ['a', 'b'].flatMap((service) => ['1', '2'].map((key) => ({ service, key })));
    for (const room of rooms) {
      const writer = await RoomWriter.claim(store, room);
      const change = { parts: { base: toBytes(room.service) }, segments: [segment(1, room.key)] };
      expect(await writer.commit(change)).toBe('done');
    }
    for (const room of rooms) {
      expect(await readRecord(store, room)).toEqual({
        parts: { base: room.service },
        log: [`1:${room.key}`],
        sequence: 1,
      });
    }
  });

  test('claims many rooms at once as it claims one', async (store) => {
    if (store.claimAll === undefined) return;
    const rooms = Array.from({ length: 200 }, (_, at) => ({ service: 'chat', key: `room ${at}` }));
    const writers = await Promise.all(rooms.slice(0, 150).map((room) => RoomWriter.claim(store, room, 'old')));
    await store.commit(
      writers.map((writer, at) =>
        writer.next({ parts: { base: toBytes(`${at}`) }, segments: at % 2 === 0 ? [segment(at + 1, `${at}`)] : [] }),
      ),
    );
    // In another order than they were made in.
    const order = rooms.map((_, at) => rooms[(at * 7) % rooms.length]);
    const found = await store.claimAll(
      order.map((room, at) => ({ room, owner: `new ${room.key}`, ...(at === 0 && { minFence: 2 ** 52 }) })),
    );
    expect(found.length).toBe(rooms.length);
    const claims = found.map((claim) => claim as Claim);
    for (const [index, { fence, record }] of claims.entries()) {
      const at = Number(order[index].key.slice('room '.length));
      if (index === 0) expect(fence >= 2 ** 52).toBe(true);
      expect(Number.isSafeInteger(fence) && fence > (writers[at]?.fence ?? 0)).toBe(true);
      expect(record && toText(record.parts.base)).toBe(at < 150 ? `${at}` : undefined);
      const log = record?.segments.map(({ number, bytes }) => `${number} ${toText(bytes)}`);
      expect(log).toEqual(at < 150 ? (at % 2 === 0 ? [`${at + 1} ${at}`] : []) : undefined);
    }
    expect(await writers[3].commit({ parts: { base: toBytes('late') } })).toBe('fenced');
    const writes = order.map((room, at) => {
      const { fence, record } = claims[at];
      const sequence = (record?.sequence ?? 0) + 1;
      return { room, fence, owner: `new ${room.key}`, sequence, parts: { base: toBytes('new') } };
    });
    expect(new Set(await store.commit(writes))).toEqual(new Set(['done']));
    expect(await store.claimAll([])).toEqual([]);
  });

  test('says with a claim whether the record was released, and no claim came since', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM, 'a');
    await writer.commit({ parts: { base: toBytes('x') } });
    const isReleased = async (owner: string) => (await store.claim(ROOM, owner)).record?.isReleased;
    expect(await isReleased('a')).toBe(false);
    const last = await RoomWriter.claim(store, ROOM, 'b');
    await last.commit({ parts: { base: toBytes('y') } });
    await last.commit({ isRelease: true });
    expect([await isReleased('b'), await isReleased('b'), await isReleased('c')]).toEqual([true, false, false]);
    // A record that is given back as it was.
    const again = await RoomWriter.claim(store, ROOM, 'c');
    expect(await again.commit({ isRelease: true })).toBe('done');
    const claims = await Promise.all([store.claim(ROOM, 'd'), store.claim(ROOM, 'e')]);
    expect(new Set(claims.map(({ record }) => record!.isReleased))).toEqual(new Set([false, true]));
    expect((await readRecord(store, ROOM))?.parts).toEqual({ base: 'y' });
  });

  test('says whether a room has a record, and makes none', async (store) => {
    expect(await store.has(ROOM)).toBe(false);
    expect((await store.claim(ROOM, 'a')).record).toBe(undefined);
    expect(await store.has(ROOM)).toBe(false);
    const writer = await RoomWriter.claim(store, ROOM, 'a');
    await writer.commit({ parts: { base: toBytes('x') } });
    expect(await store.has(ROOM)).toBe(true);
    expect([
      await store.has({ service: 'chat', key: 'lobb' }),
      await store.has({ service: 'cha', key: 'lobby' }),
    ]).toEqual([false, false]);
    // Looking is no claim.
    expect(await writer.commit({ isRelease: true })).toBe('done');
    expect(await store.has(ROOM)).toBe(true);
    const next = await RoomWriter.claim(store, ROOM, 'b');
    await next.commit({ isDelete: true });
    expect(await store.has(ROOM)).toBe(false);
  });

  test('rejects when it is closed, and may be closed twice', async (store) => {
    const writer = await RoomWriter.claim(store, ROOM);
    const underWay = writer.commit({ parts: { base: toBytes('kept') } });
    await Promise.all([store.close(), store.close()]);
    expect(await underWay).toBe('done');
    const refused = [
      store.claim(ROOM, 'a'),
      store.commit([writer.next({ parts: { base: toBytes('late') } })]),
      store.due(Date.now(), 10, [], ['chat']),
      store.has(ROOM),
      store.list('chat', 10),
    ];
    expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'store_closed'));
    await store.close();
  });

  if (options.damage === undefined) return;
  const damage = options.damage.bind(options);

  test('rejects a claim of a record that cannot be read, and leaves it as it is', async (store, database) => {
    const writer = await RoomWriter.claim(store, ROOM);
    await writer.commit({ parts: { base: toBytes('old') }, segments: [segment(1, 'one')] });
    const other = await RoomWriter.claim(store, { service: 'chat', key: 'other' });
    await damage(database, ROOM);
    expect(await codeOf(store.claim(ROOM, 'b'))).toBe('record_unreadable');
    expect(await codeOf(store.claim(ROOM, 'b'))).toBe('record_unreadable');
    expect(await store.has(ROOM)).toBe(true);
    const third = { service: 'chat', key: 'third' };
    if (store.claimAll !== undefined) {
      const found = await store.claimAll([third, ROOM].map((room) => ({ room, owner: 'b' })));
      expect(found.map((claim) => ('fence' in claim ? 'claimed' : claim.code))).toEqual([
        'claimed',
        'record_unreadable',
      ]);
    }
    // The other writes of a batch succeed: one bad record must not affect other rooms.
    const forged = { room: ROOM, fence: writer.fence + 1, owner: 'b', sequence: 2, parts: { base: toBytes('new') } };
    const outcomes = await store.commit([forged, other.next({ parts: { base: toBytes('kept') } })]);
    expect(outcomes).toEqual(['fenced', 'done']);
    expect(await codeOf(store.claim(ROOM, 'b'))).toBe('record_unreadable');
    expect((await readRecord(store, other.room))?.parts).toEqual({ base: 'kept' });
  });
}
