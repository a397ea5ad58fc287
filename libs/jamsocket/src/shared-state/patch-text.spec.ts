import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyPatch } from '../base/state-patch.js';
import { runs } from '../../../../test/support/fuzz.js';
import { documentedApply } from '../../../../test/support/state/documented-apply.js';
import { grownPart, jsonBytes, jsonGrowth } from './json-size.js';
import { freeze, normalForm } from './normal-form.js';
import { whole } from './changed.js';
import { patchText } from './patch-text.js';

const key = fc.constantFrom('a', 'b', 'c', 'length', '0', 'constructor', 'hasOwnProperty', 'kéy"', '');
const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, -0, 1.5, 1e21, '', 'text', 'Ω "\n\u0000\ud800'),
  fc.integer(),
  fc.string({ maxLength: 5 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));
/** Two values that have much in common, as those before and after a change have. */
const pair = fc.oneof(
  fc.tuple(value, value),
  fc.tuple(fc.array(value, { maxLength: 8 }), fc.nat(), value).map(([list, at, item]) => {
    const after = [...list];
    if (at % 3 === 0) after.splice(at % (list.length + 1), 1);
    else if (at % 3 === 1) after.splice(at % (list.length + 1), 0, item);
    else after[at % (list.length + 1)] = item;
    return [list, after] as const;
  }),
);

/** Many elements of one kind, most of which change in the same way. */
const crowd = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.record({ x: leaf, y: leaf, name: fc.string({ maxLength: 20 }), tags: fc.array(leaf, { maxLength: 3 }) }),
      {
        minLength: 4,
        maxLength: 30,
      },
    ),
    fc.array(fc.record({ at: fc.nat(40), what: fc.nat(11), item: leaf }), { maxLength: 30 }),
  )
  .map(([isList, items, edits]) => {
    const keyed = (list: readonly unknown[]) =>
      isList
        ? list.filter((item) => item !== undefined)
        : Object.fromEntries(Array.from(list, (item, at) => [`k${at}`, item]));
    const after: unknown[] = items.map((item, at) => (at % 5 === 4 ? item : { ...item, x: at, y: -at }));
    for (const { at, what, item } of edits) {
      const old = after[at];
      if (what === 0) after[at] = undefined;
      else if (what === 1) after[at] = item;
      else if (what === 2) after[at] = { x: 1 };
      else if (typeof old === 'object' && old !== null) {
        const [field, value] = [
          ['x', item],
          ['name', 'n'.repeat(at)],
          ['tags', [item]],
          ['x', undefined],
          ['new', { item }],
        ][what % 5];
        after[at] = { ...old, [field as string]: value };
      }
    }
    return [keyed(items), JSON.parse(JSON.stringify(keyed(after.slice(0, items.length + 2)))) as unknown] as const;
  });

const normal = (given: unknown, before?: unknown) => normalForm(before, given);
const json = (given: unknown) => JSON.stringify(given);

describe('a patch', () => {
  it('turns the value before into the value after, and is never longer than that', () => {
    let tables = 0;
    const documented = documentedApply();
    fc.assert(
      fc.property(fc.oneof(pair, crowd), ([first, second]) => {
        const before = normal(first);
        const after = normal(second);
        const text = patchText(before, after);
        if (text === undefined) return expect(after).toEqual(before);
        // As the client has it.
        const received: unknown = JSON.parse(json(before));
        expect(applyPatch(received, JSON.parse(text))).toEqual(JSON.parse(json(after)));
        expect(documented(received, JSON.parse(text))).toEqual(JSON.parse(json(after)));
        expect(received).toEqual(JSON.parse(json(before)));
        if (/^\[\[.*\],\[/.test(text)) tables++;
        expect(text.length).toBeLessThanOrEqual(Math.max(64, Buffer.byteLength(whole(after))));
      }),
      runs(400),
    );
    expect(tables).toBeGreaterThan(100);
  });

  it('that moves many names their fields once, and neither their keys nor who stays', () => {
    const ids = ['q8xkPzA1d', 'a_L0s9wEr', 'Zt4mN2bVc', 'h7gF5dS3a', 'pO9iU8yTr'];
    const before = normal(Object.fromEntries(ids.map((id) => [id, { x: 500, y: 500, name: id }])));
    const after = normal(
      Object.fromEntries(
        ids.map((id, at) => [id, id === 'h7gF5dS3a' ? { x: 500, y: 500, name: id } : { x: at, y: 500, name: id }]),
      ),
      before,
    ) as Record<string, unknown>;
    // Sorted: Zt4, a_L, h7g, pO9, q8x.
    expect(patchText(before, after)).toBe('[["x"],[0,0,1],[2,1,4,0]]');
    const received = JSON.parse(json(before)) as Record<string, unknown>;
    const applied = applyPatch(received, JSON.parse('[["x"],[0,0,1],[2,1,4,0]]')) as Record<string, unknown>;
    expect(applied).toEqual(after);
    expect(applied.h7gF5dS3a).toBe(received.h7gF5dS3a);
  });

  it('that moves many has what else has changed beside it', () => {
    const crowdOf = (dx: number) =>
      Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`k${at}`, { x: at + dx, y: 0 }]));
    const before = normal({ ...crowdOf(0), gone: { x: 1 }, turn: 1 });
    const after = normal({ ...crowdOf(1), turn: 2, new: { x: 2 } });
    const text = '[["x"],[1],[1,2,3,4,5],{"turn":2,"new":[{"x":2}],"gone":[]}]';
    expect(patchText(before, after)).toBe(text);
    expect(applyPatch(before, JSON.parse(text))).toEqual(after);
  });

  it('names only what has changed', () => {
    const before = normal({ players: { ann: { x: 1, y: 2 }, bob: { x: 3, y: 4 } }, log: ['a'], turn: 'ann' });
    const after = normal({ players: { ann: { x: 5, y: 2 } }, log: ['a', 'b'], turn: 'ann', score: { ann: 1 } }, before);
    expect(patchText(before, after)).toBe('{"players":{"ann":{"x":5},"bob":[]},"log":{"1":"b"},"score":[{"ann":1}]}');
  });

  it('keeps the objects that it does not touch', () => {
    const before = { players: { ann: { x: 1 }, bob: { x: 2 } }, log: ['a'] };
    const after = applyPatch(before, { players: { ann: { x: 5 } } }) as typeof before;
    expect(after).toEqual({ players: { ann: { x: 5 }, bob: { x: 2 } }, log: ['a'] });
    expect(after.log).toBe(before.log);
    expect(after.players.bob).toBe(before.players.bob);
  });

  it('of a list whose elements have moved is the list', () => {
    const before = normal(Array.from({ length: 100 }, (_, id) => `name ${id}`));
    const after = normal(
      (before as unknown[]).filter((_, at) => at !== 5),
      before,
    );
    expect(patchText(before, after)).toBe(`[${json(after)}]`);
  });

  it('of one element in a long list is that element', () => {
    const before = normal(Array.from({ length: 5_000 }, (_, id) => ({ id, x: 0 })));
    const after = normal(
      (before as { id: number; x: number }[]).map((item) => (item.id === 7 ? { ...item, x: 1 } : item)),
      before,
    );
    expect(patchText(before, after)).toBe('{"7":{"x":1}}');
  });

  it('cannot change a prototype', () => {
    const after = applyPatch({}, JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":[{"polluted":1}]}}'));
    const table = applyPatch({ b: {} }, JSON.parse('[["__proto__"],[],[[{"polluted":1}]]]')) as { b: object };
    expect(Object.getPrototypeOf(table.b)).toBe(Object.prototype);
    expect(table.b).not.toHaveProperty('polluted');
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype);
    expect((after as { a: object }).a).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('the normal form', () => {
  it('is what JSON makes of the value, can be frozen, and is the same object if nothing differs', () => {
    fc.assert(
      fc.property(pair, ([first, second]) => {
        const before = normal(first);
        expect(before).toEqual(JSON.parse(json(first)));
        expect(normal(JSON.parse(json(first)), before)).toBe(before);
        const after = normal(second, before);
        expect(after).toEqual(JSON.parse(json(second)));
        expect(before).toEqual(JSON.parse(json(first)));
        freeze(after);
        for (const part of [after, ...Object.values(Object(after) as object)]) expect(Object.isFrozen(part)).toBe(true);
      }),
      runs(200),
    );
  });

  it('leaves out undefined, and has no -0', () => {
    const given = normal({ a: undefined, b: -0, c: { d: undefined } }) as { b: number };
    expect(json(given)).toBe('{"b":0,"c":{}}');
    expect(Object.is(given.b, 0)).toBe(true);
    expect(json(normal({ a: undefined, b: 1 }, normal({ a: 1, b: 1 })))).toBe('{"b":1}');
  });

  it('is a copy', () => {
    const given = { list: [{ x: 1 }], made: Object.assign(Object.create(null) as object, { y: 1 }) };
    const copy = normal(given);
    given.list[0].x = 2;
    expect(copy).toEqual({ list: [{ x: 1 }], made: { y: 1 } });
    expect(Object.isFrozen(given.list)).toBe(false);
  });
});

describe('the size', () => {
  it('of a change is that of the value after without that of the value before', () => {
    fc.assert(
      fc.property(pair, ([first, second]) => {
        const before = normal(first);
        const after = normal(second, before);
        expect(jsonGrowth(before, after)).toBe(jsonBytes(after) - jsonBytes(before));
        expect(jsonGrowth(before, normal(second))).toBe(jsonBytes(after) - jsonBytes(before));
      }),
      runs(200),
    );
  });

  it('of a number is that of its text', () => {
    for (const number of [0, 9, 10, 99, 100, 999, 1_000, -1, 1.5, 1e21, 123_456])
      expect(jsonBytes(number)).toBe(json(number).length);
  });

  it('is about that of the JSON', () => {
    fc.assert(
      fc.property(value, (given) => {
        const exact = Buffer.byteLength(json(given));
        const bytes = jsonBytes(normal(given));
        expect(bytes).toBeLessThanOrEqual(exact);
        // One byte too few for each {} and [].
        expect(bytes).toBeGreaterThanOrEqual(exact - (json(given).match(/\{\}|\[\]/g)?.length ?? 0));
        expect(jsonBytes(normal(given), 10) > 10).toBe(bytes > 10);
      }),
      runs(200),
    );
  });

  it('finds the part that has grown', () => {
    const before = normal({ players: { ann: { note: '' } }, log: ['a'] });
    const after = normal({ players: { ann: { note: 'long '.repeat(100) } }, log: ['a', 'b'] }, before);
    expect(grownPart(before, after)).toEqual({ path: '.players.ann.note', bytes: 500 });
  });
});
