import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backlog } from './backlog.js';
import { runs } from '../../../../test/support/fuzz.js';

describe('a backlog', () => {
  it('gives back the bytes in order, whatever their sizes, and takes copies', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 4_000, max: 140_000 }));
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 30 }), (lengths) => {
        const backlog = new Backlog();
        const all = lengths.map((length, at) => Buffer.alloc(length, at + 1));
        const wanted = Buffer.concat(all);
        for (const bytes of all) {
          backlog.append(bytes);
          bytes.fill(0);
        }
        expect(backlog.bytes).toBe(wanted.length);
        expect(Buffer.concat(backlog.take()).equals(wanted)).toBe(true);
        expect([backlog.bytes, backlog.take()]).toEqual([0, []]);
      }),
      runs(100),
    );
  });

  it.each([[[100]], [[16_384]], [[40_000]], [[10, 20_000]], [[10, 70_000]], [[33_000, 16_000, 1]]])(
    'costs little more than its bytes, of writes of %p bytes',
    (lengths) => {
      const backlog = new Backlog();
      while (backlog.bytes < 1_000_000) for (const length of lengths) backlog.append(Buffer.alloc(length));
      const { bytes } = backlog;
      const held = backlog.take().reduce((sum, chunk) => sum + chunk.buffer.byteLength, 0);
      expect(held / bytes).toBeLessThan(1.4);
    },
  );
});
