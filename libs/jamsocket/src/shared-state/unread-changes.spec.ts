import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isCyclic,
  json,
  MOST,
  perform,
  start,
  steps,
  type Anything,
  type Step,
} from '../../../../test/support/state/draft-steps.js';
import { runs } from '../../../../test/support/fuzz.js';
import { applyPatch } from '../base/state-patch.js';
import { DraftChange } from './draft-change.js';
import type { UnreadObjects } from './draft-node.js';
import { jsonBytes } from './json-size.js';
import { patchText } from './patch-text.js';
import { SharedState, type StateOwner } from './shared-state.js';

interface Move {
  readonly first: readonly Step[];
  readonly next: readonly Step[];
  readonly end: 'done' | 'throws' | 'refused';
  readonly read: 'value' | 'current' | 'in between' | 'not';
}

/** Most changes succeed, and are not read. */
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    first: steps,
    next: steps,
    end: fc.constantFrom<Move['end'][]>('done', 'done', 'done', 'throws', 'refused'),
    read: fc.constantFrom<Move['read'][]>('not', 'not', 'not', 'not', 'value', 'current', 'in between'),
  }),
  { minLength: 2, maxLength: 10 },
);

/** A room that refuses changes when it is told to. */
class Owner implements StateOwner {
  refuses = false;
  changes = 0;

  nameOf(): string {
    return 'Room.state';
  }

  assertAllowed(_: unknown, __: number, grown: () => unknown): void {
    grown();
    if (this.refuses) throw new Error('refused');
  }

  changed(): void {
    this.changes++;
  }
}

/** Performs moves on a state and on ordinary objects beside it. Looking at the state would be a read, so it does not. */
class Pair {
  readonly owner = new Owner();
  readonly state = new SharedState<Anything>(start());
  model: Anything = start();
  /** Everything that was read, as it was then. */
  readonly #read: [value: unknown, text: string][] = [];

  constructor() {
    this.state.attach(this.owner);
  }

  move({ first, next, end, read }: Move): void {
    if (read === 'value' || read === 'current') this.read(read);
    const expected = json(this.model);
    perform(expected, first);
    perform(expected, next);
    this.owner.refuses = end === 'refused';
    const { changes } = this.owner;
    try {
      this.state.change((draft: Anything) => {
        perform(draft, first);
        if (read === 'in between') this.read('value');
        perform(draft, next);
        if (end === 'throws') throw new Error('thrown');
      });
      expect(end === 'throws' || isCyclic(expected)).toBe(false);
      this.model = json(expected);
    } catch (error) {
      if (!isCyclic(expected)) expect((error as Error).message).toBe(end === 'throws' ? 'thrown' : 'refused');
      expect(this.owner.changes).toBe(changes);
    }
    expect(this.state.bytes).toBe(jsonBytes(this.model));
  }

  read(how: 'value' | 'current'): unknown {
    const value: unknown = this.state[how];
    expect(value).toEqual(this.model);
    this.#read.push([value, JSON.stringify(value)]);
    return value;
  }

  /** What was read is as it was. */
  check(): void {
    for (const [value, text] of this.#read) expect(JSON.stringify(value)).toBe(text);
  }
}

describe('changes that nobody reads in between', () => {
  it('do what they would do to ordinary objects, and leave alone what was read, even if some are refused', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const pair = new Pair();
        const sent = pair.read('current');
        for (const move of all) {
          if (JSON.stringify(pair.model).length > MOST) break;
          pair.move(move);
        }
        const now = pair.read('current');
        pair.check();
        const patch = patchText(sent, now);
        if (patch !== undefined) expect(applyPatch(sent, JSON.parse(patch))).toEqual(now);
      }),
      runs(300),
    );
  });

  it('write to the objects that the first of them has made', () => {
    const unread: UnreadObjects = new Set();
    const changed = (base: unknown, to: UnreadObjects): Anything => {
      const { root } = new DraftChange(base);
      (root.draft as Anything).players.ann.x++;
      root.settle();
      return root.result(to);
    };
    const base = { players: { ann: { x: 1 }, bob: { x: 1 } } };
    const once = changed(base, unread);
    expect(base.players.ann.x).toBe(1);
    const { players } = once;
    const twice = changed(once, unread);
    expect(twice).toBe(once);
    expect(twice.players).toBe(players);
    expect(twice).toEqual({ players: { ann: { x: 3 }, bob: { x: 1 } } });
    expect(changed(twice, new Set())).not.toBe(twice);
  });
});

describe('a draft', () => {
  it('has its keys in the order of an ordinary object', () => {
    const order = (object: Anything): string[] => {
      object.new = 1;
      object.b = 2;
      delete object.a;
      object.a = 3;
      return Object.keys(object);
    };
    const state = new SharedState<Anything>({ a: 1, b: 1, c: 1 });
    let keys: string[] = [];
    state.change((draft: Anything) => {
      keys = order(draft);
    });
    expect(keys).toEqual(order({ a: 1, b: 1, c: 1 }));
    expect(Object.keys(state.value)).toEqual(keys);
  });

  it('cannot be looked at when the change is over', () => {
    const state = new SharedState<Anything>(start());
    let draft: Anything;
    state.change((open: Anything) => {
      draft = open;
      open.b = 1;
    });
    const looks = [() => draft.b, () => Reflect.ownKeys(draft), () => 'b' in draft, () => Object.hasOwn(draft, 'b')];
    for (const look of looks) expect(look).toThrow('only valid until');
  });
});
