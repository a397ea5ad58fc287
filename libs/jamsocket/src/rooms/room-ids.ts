import type { RoomIds } from '../options/options.js';
import type { JamsocketRandom } from '../base/sources.js';
import type { RoomIdSource } from '../room/room-definition.js';

const A = 'A'.charCodeAt(0);
const LETTERS = 26;
const DEFAULT_LENGTH = 6;
/** Enough for every letter to depend on all others: a Feistel network mixes well with four rounds or more. */
const ROUNDS = 4;

/** The generator of ids for rooms that are created without an id. */
export function roomIdSource(roomIds: RoomIds, random: JamsocketRandom): RoomIdSource {
  if (typeof roomIds === 'function') return { next: roomIds };
  if (!roomIds.startsWith('short')) return { next: () => random.uuid() };
  const length = Number(roomIds.slice('short'.length)) || DEFAULT_LENGTH;
  return { next: shortIds(length, random), count: LETTERS ** length };
}

/**
 * Ids of `length` upper-case letters that look random and repeat only after all were used: a counter goes through a
 * Feistel network over two halves of the id (https://en.wikipedia.org/wiki/Format-preserving_encryption), which maps
 * different numbers to different ids. They can be guessed: use `uuid` for secret room names.
 */
function shortIds(length: number, random: JamsocketRandom): () => string {
  const left = LETTERS ** Math.ceil(length / 2);
  const right = LETTERS ** Math.floor(length / 2);
  const keys = Array.from({ length: 2 * ROUNDS }, () => random.uint32());
  let counter = 0;
  return () => {
    let a = counter % left;
    let b = Math.floor(counter / left) % right;
    counter = (counter + 1) % (left * right);
    for (let round = 0; round < ROUNDS; round++) {
      a = (a + mix(b ^ keys[2 * round])) % left;
      b = (b + mix(a ^ keys[2 * round + 1])) % right;
    }
    return letters(a, Math.ceil(length / 2)) + letters(b, Math.floor(length / 2));
  };
}

/** The finalizer of MurmurHash3 (32 bits): every bit of the input changes half of the output. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function letters(value: number, length: number): string {
  let text = '';
  for (let at = 0; at < length; at++) {
    text += String.fromCharCode(A + (value % LETTERS));
    value = Math.floor(value / LETTERS);
  }
  return text;
}
