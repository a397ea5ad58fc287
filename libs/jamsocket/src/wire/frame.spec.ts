import { describe, expect, it } from '@jest/globals';
import { Frame } from './frame.js';

describe('a frame', () => {
  // RFC 6455 section 5.2: lengths up to 125 are in the second byte, up to 65,535 in two more, others in eight more.
  it.each([
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %i bytes has the shortest header for it', (length, header) => {
    const frame = Frame.text('x'.repeat(length));
    const target = Buffer.alloc(frame.bytes + 3, 0xee);
    expect(frame.writeTo(target, 1)).toBe(1 + frame.bytes);
    expect([...target.subarray(0, 1 + header.length)]).toEqual([0xee, ...header]);
    expect(target.toString('utf8', 1 + header.length, 1 + frame.bytes)).toBe('x'.repeat(length));
    expect([...target.subarray(-2)]).toEqual([0xee, 0xee]);
  });

  it.each(['', 'a', '\u0000\u007f', 'é', 'x'.repeat(124) + 'ÿ', 'ü€😀'])('of the text %j has it in UTF-8', (text) => {
    const frame = Frame.text(text);
    const target = Buffer.alloc(frame.bytes);
    frame.writeTo(target, 0);
    expect(target.toString('utf8', frame.bytes - frame.payloadBytes)).toBe(text);
  });

  it('counts bytes, not characters', () => {
    expect(Frame.text('ü€😀').bytes).toBe(2 + 2 + 3 + 4);
  });

  it('keeps its own copy of binary data', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const frame = Frame.binary(bytes);
    bytes.fill(9);
    const target = Buffer.alloc(frame.bytes);
    frame.writeTo(target, 0);
    expect([...target]).toEqual([0x82, 3, 1, 2, 3]);
  });
});
