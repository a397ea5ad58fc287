import { describe, expect, it } from '@jest/globals';
import { copyOf } from '../compact.js';
import { findKeys, inputOf, kept } from './shared-input.js';

describe('the memory that sockets are read into', () => {
  it.each([0, 5, 1_023, 1_024, 60_000])('gives what has just been read: %d bytes', (length) => {
    expect(inputOf(length)).toHaveLength(length);
    expect(inputOf(length).buffer).toBe(inputOf(1).buffer);
  });

  it('is copied for those who keep bytes of it', () => {
    Buffer.from('kept').copy(inputOf(6), 1);
    const bytes = kept(inputOf(6).subarray(1, 5));
    inputOf(6).fill('x');
    expect(bytes.toString()).toBe('kept');
    expect(bytes.buffer.byteLength).toBe(4);
  });

  it('is not copied from other memory', () => {
    const bytes = Buffer.from('other');
    expect(kept(bytes)).toBe(bytes);
    expect(copyOf(bytes)).not.toBe(bytes);
  });
});

describe('the search for where a socket keeps its option onread', () => {
  it('finds it in this version of Node', () => {
    expect(findKeys()).toEqual({ memory: expect.any(Symbol), onRead: expect.any(Symbol) });
  });

  it('finds nothing where a runtime keeps it elsewhere', () => {
    expect(findKeys((options) => ({ options }))).toBeNull();
  });

  it('does not begin in a version of Node that may read in another way', () => {
    expect(findKeys(undefined, '27.0.0')).toBeNull();
  });
});
