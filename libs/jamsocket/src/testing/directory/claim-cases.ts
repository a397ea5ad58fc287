import { codeOf } from '../framework/test-framework.js';
import { LOBBY, LONG_MS, Member } from './member.js';
import type { Suite } from './suite.js';

/** Names that a directory might confuse. */
const ROOMS: readonly (readonly [service: string, key: string])[] = [
  ['a/b', 'c'],
  ['a', 'b/c'],
  ['a:b', 'c'],
  ['a', 'b:c'],
  ['', 'a'],
  ['a', ''],
  ['a', 'A'],
  ['a', 'a '],
  ['a', '__proto__'],
  ['constructor', 'toString'],
  ['a', '{tag}'],
  ['a', '\u00e9'],
  ['a', 'e\u0301'],
  ['a', '\u{1f680}'],
  ['a', '\u0001\u007f'],
  ['a', `${'k'.repeat(3_990)}1`],
  ['a', `${'k'.repeat(3_990)}2`],
];

export function claimCases({ test, expect, sleepFor }: Suite): void {
  test('gives a room to one node, and names it to all others', async (directory, { open }) => {
    const a = await Member.join(directory, 'a');
    const elsewhere = await open();
    const b = await Member.join(elsewhere, 'b');
    expect(await elsewhere.locate(LOBBY)).toBe(undefined);
    const { fence } = await a.take();
    expect(Number.isSafeInteger(fence)).toBe(true);
    expect(await b.claim()).toEqual({ kind: 'owned', owner: { incarnation: 'a', fence } });
    expect(await elsewhere.locate(LOBBY)).toEqual({ incarnation: 'a', fence });
    expect(await elsewhere.locate({ service: 'chat', key: 'other' })).toBe(undefined);
  });

  test('refuses a node without a lease', async (directory) => {
    const claim = { room: LOBBY, incarnation: 'stranger', number: 1 };
    expect(await directory.claim(claim)).toEqual({ kind: 'no_lease' });
    expect(await directory.locate(LOBBY)).toBe(undefined);
  });

  test('gives one of many concurrent claims the room', async (directory, { open }) => {
    const directories = [directory, await open(), await open()];
    const members = await Promise.all(
      Array.from({ length: 12 }, (_, at) => Member.join(directories[at % 3], `node${at}`)),
    );
    for (let round = 0; round < 10; round++) {
      const room = { service: 'chat', key: `round ${round}` };
      const claims = await Promise.all(members.map((member) => member.claim(room)));
      const kinds = claims.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'claimed').length).toBe(1);
      expect(kinds.filter((kind) => kind === 'owned').length).toBe(11);
      const owner = members[kinds.indexOf('claimed')].incarnation;
      expect((await directory.locate(room))?.incarnation).toBe(owner);
    }
  });

  test('gives each claim a larger fence, larger than its time and the fence asked for', async (directory) => {
    const a = await Member.join(directory, 'a');
    const { now } = await a.renew();
    const first = await a.take();
    expect(first.fence >= Math.floor(now) * 1_000).toBe(true);
    const second = await a.take();
    expect(second.fence > first.fence).toBe(true);
    expect((await a.renew(second)).lost).toEqual([]);
    expect((await a.renew(first)).lost).toEqual([first]);
    const third = await a.take(LOBBY, second.fence + 1_000_000_000);
    expect(third.fence >= second.fence + 1_000_000_000).toBe(true);
    expect(await a.release(third)).toBe('released');
    expect((await a.take()).fence > third.fence).toBe(true);
  });

  test('refuses a claim that comes too late, and changes nothing', async (directory) => {
    const a = await Member.join(directory, 'a');
    const { now } = await a.renew();
    const claim = { room: LOBBY, incarnation: 'a', number: 1 };
    await sleepFor(0.2);
    expect(await codeOf(directory.claim({ ...claim, notAfter: now }))).toBe('too_late');
    expect(await directory.locate(LOBBY)).toBe(undefined);
    expect((await directory.claim({ ...claim, notAfter: now + LONG_MS })).kind).toBe('claimed');
  });

  test('refuses a claim that a later one of the same node has overtaken', async (directory) => {
    const a = await Member.join(directory, 'a');
    const claim = { room: LOBBY, incarnation: 'a' };
    const later = await directory.claim({ ...claim, number: 11 });
    expect(await codeOf(directory.claim({ ...claim, number: 10 }))).toBe('too_late');
    expect(later.kind === 'claimed' && (await directory.locate(LOBBY))?.fence === later.fence).toBe(true);
    // The number 100 is larger than 11 although it sorts before it.
    expect((await directory.claim({ ...claim, number: 100 })).kind).toBe('claimed');
    expect((await a.renew()).wasAlive).toBe(true);
  });

  test('keeps rooms with similar names apart', async (directory) => {
    const a = await Member.join(directory, 'a');
    const owned = [];
    for (const [service, key] of ROOMS) owned.push(await a.take({ service, key }));
    for (const { room, fence } of owned) expect(await directory.locate(room)).toEqual({ incarnation: 'a', fence });
    expect((await a.renew(...owned)).lost).toEqual([]);
    expect(await codeOf(a.claim({ service: 'a', key: 'nul\0' }))).toBe('RangeError: '.concat(NUL_REFUSED));
  });
}

const NUL_REFUSED = 'The service and the key of a durable room must not contain the NUL character.';
