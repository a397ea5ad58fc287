import { createHash } from 'node:crypto';
import type { RoomKey } from '../store/room-store.js';

/**
 * Keys of the one database that keeps all rooms. The first letter tells what a key is for:
 * `r` id: the head of a record · `p` id NUL name: a part · `s` id NUL number: a segment ·
 * `d` service NUL owner NUL time id: what is due · `l` id: rooms that have parts.
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
const DUE = Buffer.from('d');

interface Range {
  readonly start: Buffer;
  readonly end: Buffer;
}

export function idOf({ service, key }: RoomKey): RoomId {
  return Buffer.concat([nameBytes(service), NUL, nameBytes(key)]);
}

/** `undefined` if one of the names is hashed. */
export function roomOfId(id: RoomId): RoomKey | undefined {
  if (id.includes(HASHED)) return undefined;
  const end = id.indexOf(NUL);
  return { service: id.toString('utf8', 0, end), key: id.toString('utf8', end + 1) };
}

export function headKey(id: RoomId): Buffer {
  return keyOf('r', id, 0);
}

export function partKey(id: RoomId, name: string): Buffer {
  const key = keyOf('p', id, 1 + name.length);
  key[id.length + 1] = 0;
  key.write(name, id.length + 2, 'latin1');
  return key;
}

export function segmentKey(id: RoomId, number: number): Buffer {
  const key = keyOf('s', id, 1 + NUMBER_BYTES);
  key[id.length + 1] = 0;
  writeNumber(key, number, id.length + 2);
  return key;
}

export function segmentNumber(key: Buffer): number {
  return Number(key.readBigUInt64BE(key.length - NUMBER_BYTES));
}

/** @param owner empty for released rooms */
export function dueKey(service: string, owner: string, dueAt: number, id: RoomId): Buffer {
  const time = Buffer.allocUnsafe(NUMBER_BYTES);
  writeNumber(time, dueAt, 0);
  return Buffer.concat([dueStart(service), nameBytes(owner), NUL, time, id]);
}

/** The keys of one service: from `start` to before `end`. */
export function dueRangeOf(service: string): Range {
  return { start: dueStart(service), end: Buffer.concat([DUE, nameBytes(service), AFTER_NUL]) };
}

/** The keys of one owner and service. */
export function dueRange(service: string, owner: Buffer): Range {
  const start = Buffer.concat([dueStart(service), owner]);
  return { start: Buffer.concat([start, NUL]), end: Buffer.concat([start, AFTER_NUL]) };
}

/** @param start of the keys of its service */
export function readDueKey(key: Buffer, start: Buffer): { owner: Buffer; dueAt: number; id: RoomId } {
  const end = key.indexOf(0, start.length);
  const time = end + 1;
  return {
    owner: key.subarray(start.length, end),
    dueAt: Number(key.readBigUInt64BE(time)),
    id: key.subarray(time + NUMBER_BYTES),
  };
}

export function listKey(id: RoomId): Buffer {
  return keyOf('l', id, 0);
}

export function listRange(service: string): Range {
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

function dueStart(service: string): Buffer {
  return Buffer.concat([DUE, nameBytes(service), NUL]);
}

/** One allocation: thousands of keys are made when many rooms are restored. */
function keyOf(letter: 'r' | 'p' | 's' | 'l', id: RoomId, more: number): Buffer {
  const key = Buffer.allocUnsafe(1 + id.length + more);
  key[0] = letter.charCodeAt(0);
  id.copy(key, 1);
  return key;
}

/** Big-endian, so that the bytes sort like the numbers. */
function writeNumber(key: Buffer, value: number, at: number): void {
  key.writeBigUInt64BE(BigInt(value), at);
}
