import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { create } from 'mutative';
import {
  isCyclic,
  json,
  MOST,
  perform,
  start,
  steps,
  type Anything,
} from '../../../../test/support/state/draft-steps.js';
import { runs } from '../../../../test/support/fuzz.js';
import { applyPatch } from '../base/state-patch.js';
import { jsonBytes } from './json-size.js';
import { patchText } from './patch-text.js';
import { SharedState } from './shared-state.js';

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
