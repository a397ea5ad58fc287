import type { OwnedRoom } from '../../cluster/directory.js';
import { codeOf } from '../framework/test-framework.js';
import { LOBBY, LONG_MS, Member } from './member.js';
import type { Suite } from './suite.js';

export function leaseCases({ test, expect, leaseMs, sleepFor }: Suite): void {
  test('knows the nodes whose leases are alive', async (directory) => {
    const a = await Member.join(directory, 'node-A_1');
    const first = await a.renew();
    expect([first.wasAlive, first.settlingMs, first.nodes]).toEqual([true, 0, ['node-A_1']]);
    const joining = await directory.renew({ incarnation: 'b', leaseMs, info: '{"b":1}', rooms: [] });
    expect([joining.wasAlive, [...joining.nodes].sort(), joining.epoch]).toEqual([
      false,
      ['b', 'node-A_1'],
      first.epoch,
    ]);
    const all = [...(await directory.nodes())].sort((x, y) => (x.incarnation < y.incarnation ? -1 : 1));
    expect(all).toEqual([
      { incarnation: 'b', info: '{"b":1}' },
      { incarnation: 'node-A_1', info: 'about node-A_1' },
    ]);
    await sleepFor(1.1);
    expect((await a.renew()).nodes).toEqual(['node-A_1']);
    expect((await directory.nodes()).length).toBe(1);
    await directory.resign('node-A_1');
    expect(await directory.nodes()).toEqual([]);
  });

  test('tells its time, which goes on', async (directory) => {
    const a = await Member.join(directory, 'a');
    const { now } = await a.renew();
    await sleepFor(0.5);
    const passed = (await a.renew()).now - now;
    expect(passed >= 0.4 * leaseMs && passed < 20_000).toBe(true);
  });

  test('keeps a room for its owner as long as the lease is renewed', async (directory) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b');
    const owned = await a.take();
    for (let renewals = 0; renewals < 5; renewals++) {
      await sleepFor(0.4);
      const renewed = await a.renew(owned);
      expect([renewed.wasAlive, renewed.lost]).toEqual([true, []]);
      expect((await b.claim()).kind).toBe('owned');
    }
  });

  test('gives a room away when the lease of its owner has ended, and tells the owner', async (directory) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b');
    const owned = await a.take();
    const other = await a.take({ service: 'chat', key: 'other' });
    await b.renew();
    await sleepFor(1.1);
    expect(await directory.locate(LOBBY)).toBe(undefined);
    const taken = await b.take();
    expect(taken.fence > owned.fence).toBe(true);
    const renewed = await a.renew(owned, other);
    expect([renewed.wasAlive, renewed.lost]).toEqual([false, [owned]]);
    expect(await directory.locate(LOBBY)).toEqual({ incarnation: 'b', fence: taken.fence });
    // Nobody wanted this one: it is the returned owner's.
    expect((await b.claim(other.room)).kind).toBe('owned');
  });

  test('lets a room be claimed when its owner has resigned', async (directory) => {
    const a = await Member.join(directory, 'a');
    const b = await Member.join(directory, 'b');
    const { fence } = await a.take();
    await directory.resign('a');
    expect((await a.claim()).kind).toBe('no_lease');
    expect((await b.take()).fence > fence).toBe(true);
  });

  test('checks 500 rooms at once, and names exactly those that are lost', async (directory) => {
    const a = await Member.join(directory, 'a');
    const rooms = Array.from({ length: 500 }, (_, at) => ({ service: 'chat', key: `room ${at}` }));
    const owned = await Promise.all(rooms.map((room) => a.take(room)));
    expect((await a.renew(...owned)).lost).toEqual([]);
    const gone = owned.filter((_, at) => at % 100 === 7);
    for (const each of gone) expect(await a.release(each)).toBe('released');
    const wrong = { room: owned[0].room, fence: owned[0].fence + 1 };
    expect((await a.renew(wrong, ...owned.slice(1))).lost).toEqual([wrong, ...gone]);
    expect((await a.renew(...owned)).lost).toEqual(gone);
  });

  test('keeps rooms with unusual names apart', async (directory) => {
    const a = await Member.join(directory, 'a');
    const keys = ['"', '\\', '\\u0041', 'A', '[]', '{}', ':', 'a:1:2', '\u{1f600}', '\ud83d', 'é', 'null', '  '];
    const owned: OwnedRoom[] = [];
    for (const key of keys) owned.push(await a.take({ service: 'chat', key }));
    expect((await a.renew(...owned)).lost).toEqual([]);
    await a.release(owned[1]);
    expect((await a.renew(...owned)).lost).toEqual([owned[1]]);
  });

  test('refuses a renewal that comes too late', async (directory) => {
    const a = await Member.join(directory, 'a');
    const owned = await a.take();
    const { now } = await a.renew();
    const renewal = { incarnation: 'b', leaseMs: LONG_MS, info: '', rooms: [owned] };
    await sleepFor(0.2);
    expect(await codeOf(directory.renew({ ...renewal, notAfter: now }))).toBe('too_late');
    expect((await a.renew()).nodes).toEqual(['a']);
    expect(await codeOf(directory.renew({ ...renewal, notAfter: now + LONG_MS }))).toBe('resolved');
    expect((await a.renew()).nodes.length).toBe(2);
  });

  test('rejects when it is closed, and may be closed twice', async (directory) => {
    const a = await Member.join(directory, 'a');
    await Promise.all([directory.close(), directory.close()]);
    const release = { room: LOBBY, incarnation: 'a', claim: { fence: 1 } };
    const refused = [a.renew(), a.claim(), directory.locate(LOBBY), directory.nodes(), directory.release(release)];
    expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'directory_closed'));
  });
}
