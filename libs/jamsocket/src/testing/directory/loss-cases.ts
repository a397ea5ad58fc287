import { LOBBY, Member } from './member.js';
import type { Suite } from './suite.js';

export function lossCases({ test, expect, leaseMs, sleepFor }: Suite): void {
  test('takes back what living nodes assert when it has lost everything', async (directory, { forget }) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b', leaseMs);
    const { epoch } = await a.renew();
    const owned = await a.take();
    await forget();
    expect(await directory.locate(LOBBY)).toBe(undefined);
    // The first call is a claim, which does not know how long the leases are.
    expect((await b.claim()).kind).toBe('no_lease');
    const renewed = await b.renew();
    expect([renewed.wasAlive, renewed.settlingMs > 0, renewed.settlingMs <= leaseMs]).toEqual([false, true, true]);
    expect(renewed.epoch === epoch).toBe(false);
    // Its owner may be alive and not have been heard yet.
    const early = await b.claim();
    expect(early.kind === 'settling' && early.retryMs > 0 && early.retryMs <= leaseMs).toBe(true);
    const asserted = await a.renew(owned);
    expect([asserted.lost, asserted.epoch]).toEqual([[], renewed.epoch]);
    expect(await directory.locate(LOBBY)).toEqual({ incarnation: 'a', fence: owned.fence });
    expect(await b.claim()).toEqual({ kind: 'owned', owner: { incarnation: 'a', fence: owned.fence } });
    // An owner may raise its fence although the directory settles.
    expect((await a.take()).fence > owned.fence).toBe(true);
    await sleepFor(0.1);
    await forget();
    expect((await a.renew()).epoch === renewed.epoch).toBe(false);
  });

  test('gives away what nobody has asserted for a lease, and then takes nothing back', async (directory, {
    forget,
  }) => {
    const b = await Member.join(directory, 'b', leaseMs);
    const a = await Member.join(directory, 'a', leaseMs);
    const owned = await a.take();
    const other = await a.take({ service: 'chat', key: 'other' });
    await forget();
    for (let renewals = 0; renewals < 5 && (await b.renew()).settlingMs > 0; renewals++) await sleepFor(0.4);
    const taken = await b.take();
    expect(taken.fence > owned.fence).toBe(true);
    expect((await a.renew(owned, other)).lost).toEqual([owned, other]);
    expect(await directory.locate(LOBBY)).toEqual({ incarnation: 'b', fence: taken.fence });
  });

  test('believes the larger fence while it settles', async (directory, { forget }) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b', leaseMs);
    const old = await a.take();
    await a.release(old);
    const owned = await b.take();
    await forget();
    expect((await a.renew(old)).lost).toEqual([]);
    expect((await b.renew(owned)).lost).toEqual([]);
    expect((await a.renew(old)).lost).toEqual([old]);
    expect(await directory.locate(LOBBY)).toEqual({ incarnation: 'b', fence: owned.fence });
    await b.release(owned);
    for (let renewals = 0; renewals < 5 && (await b.renew()).settlingMs > 0; renewals++) await sleepFor(0.4);
    // It knows of this fence only because the room was asserted.
    expect((await b.take()).fence > owned.fence).toBe(true);
  });

  test('settles when all leases have ended at once', async (directory) => {
    const a = await Member.join(directory, 'a', leaseMs);
    const b = await Member.join(directory, 'b', leaseMs);
    const owned = await a.take();
    await sleepFor(1.1);
    expect((await b.renew()).settlingMs > 0).toBe(true);
    expect((await b.claim()).kind).toBe('settling');
    const renewed = await a.renew(owned);
    expect([renewed.wasAlive, renewed.lost]).toEqual([false, []]);
    expect((await b.claim()).kind).toBe('owned');
  });
}
