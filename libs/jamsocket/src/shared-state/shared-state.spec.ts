import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { create } from 'mutative';
import { runs } from '../../../../test/support/fuzz.js';
import { applyPatch } from '../base/state-patch.js';
import { jsonBytes } from './json-size.js';
import { patchText } from './patch-text.js';
import { SharedState } from './shared-state.js';

type Anything = any;

const KEYS = ['a', 'b', 'list', 'players', '7', '12'];

const start = () => ({
  a: { x: 1, deep: { y: [1, 2, { z: 3 }] } },
  b: 'text',
  list: [{ id: 1 }, { id: 2, tags: ['t'] }, { id: 3 }, 'four'],
  players: { 7: { x: 0, y: 0 }, 12: { x: 1, y: 1 } },
});

interface Step {
  readonly what: number;
  /** Which of the objects that were met so far. */
  readonly at: number;
  readonly key: number;
  readonly n: number;
}

/** Values that contain themselves several times grow exponentially. */
const MOST = 5_000;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ what: fc.nat(13), at: fc.nat(50), key: fc.nat(20), n: fc.nat(20) }),
  { minLength: 1, maxLength: 12 },
);

/** What an application may do with a draft, whether or not that is wise. */
function perform(root: Anything, all: readonly Step[]): void {
  const met: Anything[] = [root];
  for (const { what, at, key, n } of all) {
    const target = met[at % met.length];
    const isList = Array.isArray(target);
    const name = isList ? String(key % (target.length + 1)) : KEYS[key % KEYS.length];
    const found = target[name];
    if (typeof found === 'object' && found !== null) met.push(found);
    if (what === 0) target[name] = n;
    else if (what === 1) target[name] = { x: n, list: [{ y: n }], gone: undefined };
    else if (what === 2) {
      if (isList) target.splice(key % (target.length + 1), 1);
      else delete target[name];
    } else if (what === 3) {
      if (isList) target.push({ id: n }, n);
      else Object.assign(target, { a: n, list: [n] });
    } else if (what === 4) {
      if (isList) target.unshift({ id: n });
      else for (const one of Object.values<Anything>(target)) if (isPlain(one)) one.seen = n;
    } else if (what === 5) {
      if (isList) target.sort((one: Anything, two: Anything) => (one?.id ?? 0) - (two?.id ?? 0));
    } else if (what === 6) target[name] = met[n % met.length];
    else if (what === 7) target[name] = { wrapped: met[n % met.length], x: 1 };
    else if (what === 8) {
      if (isList) target.length = n % (target.length + 1);
      else if (typeof target.x === 'number') target.x++;
    } else if (what === 9) {
      if (Array.isArray(found)) target[name] = found.filter((_, index) => index !== n % 3);
      else if (typeof found === 'object' && found !== null) target[name] = Object.fromEntries(Object.entries(found));
    } else if (what === 10) {
      if (isList) target.reverse();
      else target[name] = isPlain(found) ? { ...found, extra: n } : [found ?? n];
    } else if (what === 11) {
      target[name] = found === undefined ? n : found;
    } else if (what === 12 && isPlain(found)) {
      found.x = n;
    } else if (what === 13 && isList) {
      target.splice(n % (target.length + 1), 2, target[0] ?? 0, { id: n });
    }
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

function isCyclic(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch {
    return true;
  }
}

/** The parts that are equal in both have to be the same objects. */
function expectShared(before: Anything, after: Anything): void {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return;
  if (before === after) return;
  expect(JSON.stringify(after) === JSON.stringify(before)).toBe(false);
  for (const key of Object.keys(after)) if (Object.hasOwn(before, key)) expectShared(before[key], after[key]);
}

function expectFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  expect(Object.isFrozen(value)).toBe(true);
  Object.values(value).forEach(expectFrozen);
}

describe('a change', () => {
  it('does to the value what it would do to ordinary objects', () => {
    let done = 0;
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 4 }), fc.nat(7), (changes, reads) => {
        const state = new SharedState<Anything>(start());
        const plain = new SharedState<Anything>(start());
        let known: Anything = json(state.current);
        let sent = state.current;
        for (const [index, all] of changes.entries()) {
          const before = (reads >> index) % 2 === 0 ? state.value : state.current;
          const text = JSON.stringify(before);
          const expected = json(before) as object;
          if (text.length > MOST) break;
          perform(expected, all);
          if (isCyclic(expected)) {
            expect(() => state.change((draft: Anything) => perform(draft, all))).toThrow('cannot be shared');
            expect(state.current).toBe(before);
            continue;
          }
          state.change((draft: Anything) => perform(draft, all));
          done++;
          expect(state.current).toEqual(json(expected));
          expect(state.bytes).toBe(jsonBytes(state.current));
          expect(JSON.stringify(before)).toBe(text);
          expectShared(before, state.current);
          plain.set(json(expected));
          expect(plain.value).toEqual(state.current);
          const patch = patchText(sent, state.current);
          if (patch !== undefined) known = applyPatch(known, JSON.parse(patch));
          expect(known).toEqual(state.current);
          sent = state.current;
        }
        expectFrozen(state.value);
      }),
      runs(150),
    );
    expect(done).toBeGreaterThan(150);
  });

  it('may cut an array after it has changed an element behind the cut', () => {
    const state = new SharedState<Anything>(start());
    state.change(({ list }: Anything) => {
      list[2].id = 9;
      list[0].id = 8;
      list.length = 1;
    });
    expect(state.value).toEqual({ ...start(), list: [{ id: 8 }] });
  });

  it('may remove keys that are names of what every object inherits', () => {
    const state = new SharedState<Anything>({ players: { toString: { x: 1 }, ann: { x: 2 } }, constructor: 1 });
    state.change((draft: Anything) => {
      delete draft.constructor;
      delete draft.players.toString;
      draft.players.hasOwnProperty = { x: 3 };
      delete draft.players.hasOwnProperty;
    });
    expect(JSON.stringify(state.value)).toBe('{"players":{"ann":{"x":2}}}');
    expect(state.bytes).toBe(jsonBytes(state.value));
  });

  it('does what mutative does', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const state = new SharedState<Anything>(start());
        const before = state.value as object;
        const moves = all.filter(({ what }) => what !== 6 && what !== 7);
        const expected = create(before, (draft) => perform(draft, moves));
        state.change((draft: Anything) => perform(draft, moves));
        expect(state.value).toEqual(json(expected));
      }),
      runs(300),
    );
  });
});
