import { describe, expect, it } from '@jest/globals';
import { describeError, isInstance } from './foreign-value.js';

function unreadable(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

class Hostile extends Error {
  override get message(): string {
    throw new Error('not even that');
  }
}

describe('a value of somebody else', () => {
  it('is described as an error, or as what it is', () => {
    const error = new RangeError('too much');
    expect(describeError(error)).toEqual({
      name: 'RangeError',
      message: 'too much',
      stack: error.stack,
      isError: true,
    });
    expect(describeError({ a: 1n })).toMatchObject({ name: 'object', message: '{ a: 1n }', isError: false });
    expect(describeError(undefined)).toMatchObject({ name: 'undefined', message: 'undefined' });
  });

  it.each([
    ['nothing can be read of', unreadable()],
    ['has a getter that throws', new Hostile()],
    ['has no prototype', Object.create(null) as object],
    ['has fields of other types', Object.assign(new Error('x'), { message: 5, stack: [], name: null })],
    [
      'inspects itself badly',
      {
        [Symbol.for('nodejs.util.inspect.custom')]() {
          throw new Error('no');
        },
      },
    ],
  ])('never throws: one that %s', (_what, value) => {
    const { name, message, stack } = describeError(value);
    expect([typeof name, typeof message]).toEqual(['string', 'string']);
    expect(['string', 'undefined']).toContain(typeof stack);
    expect(isInstance(value, WeakMap)).toBe(false);
  });

  it('is cut, and its stack still shows where it was thrown', () => {
    const error = new Error('x'.repeat(5_000_000));
    const { message, stack } = describeError(error);
    expect(message).toBe(`${'x'.repeat(4_000)}… (5000000 characters)`);
    expect(stack!.length).toBeLessThan(17_000);
    expect(stack).toContain('foreign-value.spec');
    expect(describeError('y'.repeat(5_000_000)).message.length).toBeLessThan(11_000);
  });
});
