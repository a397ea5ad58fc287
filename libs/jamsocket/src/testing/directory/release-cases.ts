import { LOBBY, Member } from './member.js';
import type { Suite } from './suite.js';

export function releaseCases({ test, expect, leaseMs, sleepFor }: Suite): void {
  test('lets a room be claimed when it was released', async (directory) => {
    const a = await Member.join(directory, 'a');
    const b = await Member.join(directory, 'b');
    const owned = await a.take();
    expect(await a.release(owned)).toBe('released');
    expect(await directory.locate(LOBBY)).toBe(undefined);
    expect(await a.release(owned)).toBe('not_owner');
    expect((await b.take()).fence > owned.fence).toBe(true);
  });

  test('changes nothing for a release by someone who does not own the room', async (directory) => {
    const a = await Member.join(directory, 'a');
    const b = await Member.join(directory, 'b');
    const before = await a.take();
    const owned = await a.take();
    expect(await b.release(owned)).toBe('not_owner');
    expect(await b.release(owned, 'b')).toBe('not_owner');
    expect(await a.release(before)).toBe('not_owner');
    expect(await a.release({ ...owned, room: { service: 'chat', key: 'other' } })).toBe('not_owner');
    expect(await directory.locate(LOBBY)).toEqual({ incarnation: 'a', fence: owned.fence });
  });

  test('undoes a claim by its number', async (directory) => {
    const a = await Member.join(directory, 'a');
    const room = LOBBY;
    const undo = (number: number) => directory.release({ room, incarnation: 'a', claim: { number } });
    await a.take();
    const first = a.number;
    const { fence } = await a.take();
    // The first claim has been overtaken.
    expect(await undo(first)).toBe('not_owner');
    expect((await directory.locate(LOBBY))?.fence).toBe(fence);
    expect(await undo(a.number)).toBe('released');
    expect(await directory.locate(LOBBY)).toBe(undefined);
    expect(await undo(a.number)).toBe('not_owner');
  });

  test('gives a room to a successor that is alive', async (directory) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b');
    const c = await Member.join(directory, 'c');
    const owned = await a.take();
    expect(await a.release(owned, 'b')).toBe('handed');
    const owner = await directory.locate(LOBBY);
    expect(owner?.incarnation === 'b' && owner.fence > owned.fence).toBe(true);
    expect([(await c.claim()).kind, (await a.claim()).kind]).toEqual(['owned', 'owned']);
    expect((await a.renew(owned)).lost).toEqual([owned]);
    const taken = await b.take();
    expect(taken.fence > owner!.fence).toBe(true);
    await sleepFor(1.1);
    // Claimed: it is not only reserved any more.
    expect((await c.claim()).kind).toBe('owned');
    expect((await b.renew(taken)).lost).toEqual([]);
  });

  test('gives a room to anybody if the successor does not claim it within a lease', async (directory) => {
    const a = await Member.join(directory, 'a', leaseMs);
    await Member.join(directory, 'b', leaseMs);
    const owned = await a.take();
    expect(await a.release(owned, 'b')).toBe('handed');
    const keepAlive = async () => {
      await sleepFor(0.4);
      await a.renew();
      await directory.renew({ incarnation: 'b', leaseMs, info: '', rooms: [] });
    };
    await keepAlive();
    await keepAlive();
    await keepAlive();
    expect(await directory.locate(LOBBY)).toBe(undefined);
    expect((await a.take()).fence > owned.fence).toBe(true);
  });

  test('only releases if the successor is not alive', async (directory) => {
    const a = await Member.join(directory, 'a');
    const b = await Member.join(directory, 'b');
    await directory.resign('b');
    for (const successor of ['b', 'unknown']) {
      expect(await a.release(await a.take(), successor)).toBe('released');
      expect(await directory.locate(LOBBY)).toBe(undefined);
    }
    await b.renew();
    expect((await b.claim()).kind).toBe('claimed');
  });
}
