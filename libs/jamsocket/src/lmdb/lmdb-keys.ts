import { createHash } from 'node:crypto';
import type { RoomKey } from '../store/room-store.js';

/**
 * Keys of the one database that keeps all rooms. The first letter tells what a key is for:
 * `r` id: the head of a record · `p` id NUL name: a part · `s` id NUL number: a segment ·
 * `d` owner NUL time id: what is due · `l` id: rooms that have parts.
 * LMDB takes keys of up to 1,978 bytes, so long names end in a hash. An id is the service and the key, with a NUL between.
 */
export type RoomId = Buffer;

const NUL = Buffer.of(0);
/** The byte after NUL: the end of the range of keys that begin with a name and NUL. */
const AFTER_NUL = Buffer.of(1);
const MAX_NAME_BYTES = 500;
const PREFIX_BYTES = 300;
/** Never occurs in UTF-8, so a short name cannot look like a hashed one. */
const HASHED = Buffer.of(0xff);
const NUMBER_BYTES = 8;

export function idOf({ service, key }: RoomKey): RoomId {
  return Buffer.concat([nameBytes(service), NUL, nameBytes(key)]);
}

export function headKey(id: RoomId): Buffer {
  return Buffer.concat([Buffer.from('r'), id]);
}

export function partKey(id: RoomId, name: string): Buffer {
  return Buffer.concat([Buffer.from('p'), id, NUL, Buffer.from(name)]);
}

export function segmentKey(id: RoomId, number: number): Buffer {
  return Buffer.concat([Buffer.from('s'), id, NUL, numberBytes(number)]);
}

export function segmentNumber(key: Buffer): number {
  return Number(key.readBigUInt64BE(key.length - NUMBER_BYTES));
}

/** @param owner empty for released rooms */
export function dueKey(owner: string, dueAt: number, id: RoomId): Buffer {
  return Buffer.concat([Buffer.from('d'), nameBytes(owner), NUL, numberBytes(dueAt), id]);
}

/** The keys of one owner: from `start` to before `end`. */
export function dueRange(owner: Buffer): { start: Buffer; end: Buffer } {
  const start = Buffer.concat([Buffer.from('d'), owner]);
  return { start: Buffer.concat([start, NUL]), end: Buffer.concat([start, AFTER_NUL]) };
}

/** All keys of what is due. */
export const DUE_RANGE = { start: Buffer.from('d'), end: Buffer.from('e') };

export function readDueKey(key: Buffer): { owner: Buffer; dueAt: number; id: RoomId } {
  const end = key.indexOf(0, 1);
  const time = end + 1;
  return {
    owner: key.subarray(1, end),
    dueAt: Number(key.readBigUInt64BE(time)),
    id: key.subarray(time + NUMBER_BYTES),
  };
}

export function listKey(id: RoomId): Buffer {
  return Buffer.concat([Buffer.from('l'), id]);
}

export function listRange(service: string): { start: Buffer; end: Buffer } {
  const start = Buffer.concat([Buffer.from('l'), nameBytes(service)]);
  return { start: Buffer.concat([start, NUL]), end: Buffer.concat([start, AFTER_NUL]) };
}

export function idOfListKey(key: Buffer): RoomId {
  return key.subarray(1);
}

export function nameBytes(name: string): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length <= MAX_NAME_BYTES) return bytes;
  const hash = createHash('sha256').update(bytes).digest('hex');
  return Buffer.concat([bytes.subarray(0, PREFIX_BYTES), HASHED, Buffer.from(hash)]);
}

/** Big-endian, so that the bytes sort like the numbers. */
function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
