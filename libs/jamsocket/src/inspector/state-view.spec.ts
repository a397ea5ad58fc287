import { describe, expect, it, jest } from '@jest/globals';
import { MAX_VIEW_BYTES, StateView } from './state-view.js';

class Injected {
  secret = 'password';
}

const view = (maxBytes?: number) => new StateView((value) => value instanceof Injected, maxBytes);
/** As the page gets it. */
const shown = (value: unknown) => JSON.parse(JSON.stringify(view().of(value))) as unknown;

describe('the view of a state', () => {
  it('is JSON as it is, and text where there is no JSON', () => {
    const plain = { a: [1, 'two', true, null], b: { c: -0.5 } };
    expect(shown(plain)).toEqual(plain);
    expect(
      shown({
        big: 12n,
        nan: NaN,
        symbol: Symbol('s'),
        handler: function play() {},
        date: new Date(0),
        never: new Date(NaN),
        pattern: /x/g,
        error: new TypeError('no'),
        url: new URL('http://a/b'),
        bytes: Buffer.from([1, 2, 255]),
        numbers: new Float64Array(2),
        promise: Promise.resolve(1),
        weak: new WeakMap(),
        hole: [undefined],
        nothing: undefined,
      }),
    ).toEqual({
      big: '(12n)',
      nan: '(NaN)',
      symbol: '(Symbol(s))',
      handler: '(function play)',
      date: '1970-01-01T00:00:00.000Z',
      never: '(Invalid Date)',
      pattern: '(/x/g)',
      error: '(TypeError: no)',
      url: '(http://a/b)',
      bytes: '(Buffer, 3 bytes) 0102ff',
      numbers: `(Float64Array, 16 bytes) ${'00'.repeat(16)}`,
      promise: '(Promise)',
      weak: '(WeakMap)',
      hole: ['(undefined)'],
    });
  });

  it('shows maps, sets and instances', () => {
    class Point {
      x = 1;
      get far() {
        return true;
      }
      #hidden = this.x;
      read() {
        return this.#hidden;
      }
    }
    expect(
      shown(
        new Map<unknown, unknown>([
          ['a', new Point()],
          [2, new Set([1, 2])],
        ]),
      ),
    ).toEqual({ 2: [1, 2], a: { x: 1 } });
    expect(shown(new Map([[new Point(), 'here']]))).toEqual([[{ x: 1 }, 'here']]);
    expect(shown({ toJSON: () => ({ own: 'words' }) })).toEqual({ own: 'words' });
  });

  it('shows that words come later, and keeps their error to itself', async () => {
    const unheard = jest.fn();
    process.once('unhandledRejection', unheard);
    expect(shown({ toJSON: () => Promise.reject(new Error('not now')) })).toBe('(promise)');
    await new Promise<void>((resolve) => setImmediate(resolve));
    process.removeListener('unhandledRejection', unheard);
    expect(unheard).not.toHaveBeenCalled();
  });

  it('survives what is meant to break it', () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle.self = cycle;
    cycle.twice = [cycle, { up: cycle }];
    expect(shown(cycle)).toEqual({ name: 'a', self: '(circular)', twice: ['(circular)', { up: '(circular)' }] });
    const traps = Object.defineProperty({ fine: 1 }, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('not yet');
      },
    });
    expect(shown(traps)).toEqual({ fine: 1, bad: '(threw not yet)' });
    expect(
      shown({
        toJSON() {
          // oxlint-disable-next-line typescript/only-throw-error
          throw 'text';
        },
      }),
    ).toBe('(threw string)');
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('go away');
        },
      },
    );
    expect(shown([proxy])).toEqual(['(threw go away)']);
    const named = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as object;
    expect(JSON.stringify(view().of(named))).toBe('{"__proto__":{"polluted":1},"constructor":2}');
    let deep: unknown = 'bottom';
    for (let n = 0; n < 10_000; n++) deep = [deep];
    expect(JSON.stringify(shown(deep))).toBe('[[[[[[[["(Array)"]]]]]]]]');
    // The same object at two places is no cycle.
    const shared = { v: 1 };
    expect(shown([shared, shared])).toEqual([{ v: 1 }, { v: 1 }]);
  });

  it.each([
    ['a list', Array.from({ length: 1_000_000 }, (_, n) => n)],
    ['a map', new Map(Array.from({ length: 100_000 }, (_, n) => [`key ${n}`, { n }]))],
    ['long texts', Array.from({ length: 1_000 }, () => 'ä'.repeat(100_000))],
    ['long names', Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`${n}${'€'.repeat(1_000)}`, n]))],
    ['lists of lists', Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, () => []))],
  ])('stays small: %s', (_what, value) => {
    const bytes = Buffer.byteLength(JSON.stringify(view().of(value)));
    expect(bytes).toBeLessThan(MAX_VIEW_BYTES + 2_048);
    expect(bytes).toBeGreaterThan(MAX_VIEW_BYTES / 2);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('e'.repeat(100_000))],
    ['a pattern', new RegExp('p'.repeat(100_000))],
    ['a URL', new URL(`http://a/${'u'.repeat(100_000)}`)],
    ['a symbol', Symbol('s'.repeat(100_000))],
    ['a big number', 2n ** 400_000n],
  ])('cuts %s that is long', (_what, value) => {
    expect(JSON.stringify(view().of([value])).length).toBeLessThan(1_100);
  });

  it('shows what cannot be looked at, or throws such a thing', () => {
    const unreadable = (target: object) => {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      return proxy;
    };
    const values = [
      unreadable({}),
      unreadable(() => undefined),
      {
        get thrown(): never {
          // oxlint-disable-next-line typescript/only-throw-error
          throw unreadable({});
        },
      },
    ];
    const view = new StateView(() => false);
    expect(values.map((value) => view.of(value))).toEqual([
      expect.stringMatching(/^\(threw /),
      expect.stringMatching(/^\(threw /),
      { thrown: '(threw object)' },
    ]);
  });

  it('does not read a map to its end that it cannot show', () => {
    let read = 0;
    class Counted extends Map<number, number> {
      override *entries(): Generator<[number, number], undefined> {
        for (const entry of super.entries()) {
          read++;
          yield entry;
        }
        return undefined;
      }
      override [Symbol.iterator]() {
        return this.entries();
      }
      override *keys(): Generator<number, undefined> {
        for (const [key] of this.entries()) yield key;
        return undefined;
      }
    }
    const map = new Counted(Array.from({ length: 100_000 }, (_, at) => [at, at] as const));
    const shownOf = view(1_000).of(map) as Record<string, unknown>;
    const count = Object.keys(shownOf).length - 1;
    expect(shownOf['…']).toBe(`(${100_000 - count} more)`);
    expect(read).toBeLessThan(3_000);
  });

  it('says what it leaves out', () => {
    expect(view(24).of({ a: 'ten letter', b: 2, c: 3 })).toEqual({ a: 'ten letter', b: 2, '…': '(1 more)' });
    expect(view().of('x'.repeat(1_500))).toBe(`${'x'.repeat(1_000)}… (1500 characters)`);
  });

  it('leaves out what was injected', () => {
    class Service {
      count = 1;
      readonly #hidden = 2;
      helper = new Injected();
      parts = { helper: new Injected(), rest: this.#hidden };
    }
    expect(view().ofService(new Service())).toEqual({ count: 1, parts: { rest: 2 } });
    const gathered = { list: [new Injected(), 1], set: new Set([new Injected()]), map: new Map([[new Injected(), 1]]) };
    expect(view().ofService(gathered)).toEqual({
      list: ['(Injected)', 1],
      set: ['(Injected)'],
      map: [['(Injected)', 1]],
    });
    const own = { toJSON: () => ({ mine: 1 }) };
    expect(view().ofService(own)).toEqual({ mine: 1 });
    const broken = {
      toJSON() {
        throw new Error('cannot');
      },
    };
    expect(() => view().ofService(broken)).toThrow('cannot');
  });
});
