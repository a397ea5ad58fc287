import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { findUnclonable } from './unclonable.js';

class Money {
  constructor(readonly cents: number) {}
}

/** An object that contains itself. */
function ring(): object {
  const value: Record<string, unknown> = { list: [] };
  value.self = value;
  (value.list as unknown[]).push(value);
  return value;
}

describe('a value that is to be saved', () => {
  it.each<[string, unknown]>([
    ['primitives', [1, 'a', true, null, undefined, 10n, NaN, -0]],
    ['plain objects', { a: { b: [{ c: 1 }] } }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['maps and sets', new Map<unknown, unknown>([[{ a: 1 }, new Set([[1]])]])],
    ['dates and expressions', [new Date(0), /a/g]],
    [
      'bytes',
      [Buffer.from('a'), new Uint8Array(2), new Float64Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1))],
    ],
    ['errors', [new Error('a'), new TypeError('b')]],
    ['boxed primitives', [Object(1), Object('a'), Object(true), Object(1n)]],
    ['a ring', ring()],
    ['a hole in an array', Object.assign([1], { 2: 3 })],
    [
      'values of another realm',
      runInNewContext('({ a: [1], d: new Date(0), m: new Map([[1, {}]]), b: new Uint8Array(1) })'),
    ],
  ])('passes as it is: %s', (_what, value) => {
    expect(findUnclonable(value)).toBeUndefined();
    expect(() => deserialize(serialize(value)) as unknown).not.toThrow();
  });

  it.each<[unknown, string, string]>([
    [() => 1, '', 'a function'],
    [Symbol('a'), '', 'a symbol'],
    [new Money(1), '', 'an instance of Money'],
    [{ entries: [0, 1, 2, { at: () => 1 }] }, '.entries[3].at', 'a function'],
    [{ 'a b': { é: new Money(1) } }, '["a b"].é', 'an instance of Money'],
    [new Map([['ann', { wallet: new Money(1) }]]), '.get("ann").wallet', 'an instance of Money'],
    [new Map([[7, [Symbol('a')]]]), '.get(7)[0]', 'a symbol'],
    [new Map([[{ key: new Money(1) }, 1]]), '.keys().key', 'an instance of Money'],
    [new Map([[{}, new Money(1)]]), '.get({object})', 'an instance of Money'],
    [new Set([1, new Money(1)]), '.values()[1]', 'an instance of Money'],
    [[[new WeakMap()]], '[0][0]', 'an instance of WeakMap'],
    [{ p: Promise.resolve() }, '.p', 'an instance of Promise'],
    [{ p: Object.create({ a: 1 }) as object }, '.p', 'an instance of Object'],
    [{ p: Object.create(Object.create(null) as object) as object }, '.p', 'an object with a prototype of its own'],
  ])('is refused with its path: %#', (value, path, what) => {
    expect(findUnclonable(value)).toEqual({ path, what });
  });

  it('is refused where a class extends a plain one, which a clone would make plain', () => {
    class Scores extends Map<string, number> {}
    expect(findUnclonable({ scores: new Scores() })).toEqual({ path: '.scores', what: 'an instance of Scores' });
    const named = class Set extends globalThis.Set {};
    expect(findUnclonable([new named()])).toEqual({ path: '[0]', what: 'an instance of Set' });
  });

  it('is not looked into for longer than it is large, however often a part of it occurs', () => {
    let value: unknown = [];
    for (let depth = 0; depth < 60; depth++) value = [value, value];
    expect(findUnclonable(value)).toBeUndefined();
  });
});
