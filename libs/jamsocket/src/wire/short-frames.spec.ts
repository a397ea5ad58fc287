import { describe, expect, it } from '@jest/globals';
import { Frame } from './frame.js';
import { ShortFrames } from './short-frames.js';

function framed(frame: Frame): Buffer {
  const bytes = Buffer.alloc(frame.bytes);
  frame.writeTo(bytes, 0);
  return bytes;
}

describe('ShortFrames', () => {
  it.each([
    ['an empty text', ''],
    ['the longest one of ASCII', 'x'.repeat(125)],
    ['the longest one of two bytes a character', `x${'é'.repeat(62)}`],
    ['characters beyond the basic plane', '😀'.repeat(31)],
    ['half a surrogate pair', 'a\ud83db'],
  ])('encodes %s as a frame of its own would be', (_, text) => {
    expect(new ShortFrames().encode(text)).toEqual(framed(Frame.text(text)));
  });

  it.each([
    ['one byte', 'x'.repeat(126)],
    ['a character that only begins to fit', `${'x'.repeat(124)}é`],
    ['half of its characters', '€'.repeat(84)],
  ])('leaves a text that is too long by %s to others', (_, text) => {
    expect(new ShortFrames().encode(text)).toBeNull();
  });

  it('leaves what a socket holds on to as it is', () => {
    const frames = new ShortFrames();
    const held = frames.encode('held')!;
    frames.giveAway();
    const next = frames.encode('next')!;
    expect(held).toEqual(framed(Frame.text('held')));
    expect(next).toEqual(framed(Frame.text('next')));
  });
});
