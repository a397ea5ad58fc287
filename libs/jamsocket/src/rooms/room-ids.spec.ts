import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../base/sources.js';
import { roomIdSource } from './room-ids.js';

const random = new SystemRandom();
const take = (count: number, next: () => string) => Array.from({ length: count }, next);

describe('generated room ids', () => {
  it('short3 are three letters, none repeated until all 17,576 were used', () => {
    const next = roomIdSource('short3', random).next;
    const ids = take(26 ** 3, next);
    expect(new Set(ids).size).toBe(26 ** 3);
    expect(ids.filter((id) => !/^[A-Z]{3}$/.test(id))).toEqual([]);
    expect(next()).toBe(ids[0]);
  });

  it.each([
    ['short', 6],
    ['short4', 4],
    ['short7', 7],
    ['short12', 12],
  ] as const)('%s has %i letters and does not repeat', (ids, length) => {
    const some = take(20_000, roomIdSource(ids, random).next);
    expect(new Set(some).size).toBe(20_000);
    expect(some.filter((id) => !new RegExp(`^[A-Z]{${length}}$`).test(id))).toEqual([]);
  });

  it('short ids look random: neighbours have little in common, and no two servers have the same sequence', () => {
    const [some, others] = [1, 2].map(() => take(2_000, roomIdSource('short', random).next));
    expect(some).not.toEqual(others);
    const common = (a: string, b: string) => Array.from(a).filter((letter, at) => letter === b[at]).length;
    const sharedLetters = some.slice(1).reduce((sum, id, at) => sum + common(id, some[at]), 0);
    // Two random ids of 6 letters have 6/26 letters in common: 0.23.
    expect(sharedLetters / some.length).toBeLessThan(0.4);
  });

  it('uuid are random UUIDs', () => {
    const next = roomIdSource('uuid', random).next;
    expect(next()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(next()).not.toBe(next());
  });

  it('can be your own', () => {
    expect(roomIdSource(() => 'mine', random).next()).toBe('mine');
  });
});
