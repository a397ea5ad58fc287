import type { Claim, ClaimRequest, RoomWrite, StoredSegment } from '../store/room-store.js';
import { firstFence } from '../store/first-fence.js';
import { keysOf, padded } from './redis-keys.js';
import { CLAIM, COMMIT } from './redis-scripts.js';
import type { Call } from './run-scripts.js';

export function claimCall(prefix: string, { room, owner, minFence = 1 }: ClaimRequest): Call {
  const { bucket, record, log, due } = keysOf(prefix, room);
  const args = [owner, `${minFence}`, `${firstFence(minFence)}`, room.service, room.key];
  return { script: CLAIM, bucket, keys: [record, log, due], args };
}

export function commitCall(prefix: string, write: RoomWrite): Call {
  const { bucket, record, log, due, list } = keysOf(prefix, write.room);
  const { parts = {}, segments = [], keepFrom = 0, dueAt } = write;
  const named = Object.entries(parts);
  const kept = segments.filter(({ number }) => number >= keepFrom);
  const args = [
    ...[`${write.fence}`, write.owner, `${write.sequence}`, write.isDelete ? 'd' : write.isRelease ? 'r' : ''],
    ...[`${keepFrom}`, dueAt === undefined ? '=' : dueAt === null ? '' : padded(dueAt)],
    ...[write.room.service, write.room.key, `${named.length}`],
    ...named.flatMap(([name, bytes]) => [name, bufferOf(bytes)]),
    ...kept.flatMap(({ number, bytes }) => [padded(number), bufferOf(bytes)]),
  ];
  return { script: COMMIT, bucket, keys: [record, log, due, list], args };
}

/** ioredis converts a Uint8Array that is not a Buffer to text. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function readClaim([fence, fields, log]: [Buffer, Buffer[], Buffer[]]): Claim {
  const parts: Record<string, Uint8Array> = {};
  let [sequence, isReleased] = [0, false];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at].toString();
    if (name.startsWith('p:')) parts[name.slice(2)] = new Uint8Array(fields[at + 1]);
    else if (name === 's') sequence = Number(fields[at + 1]);
    else if (name === 'r') isReleased = fields[at + 1].toString() === '1';
  }
  const segments = log.map((entry): StoredSegment => ({
    number: Number(entry.toString('latin1', 0, 16)),
    bytes: new Uint8Array(entry.subarray(16)),
  }));
  const hasParts = Object.keys(parts).length > 0;
  return { fence: Number(fence), record: hasParts ? { parts, segments, sequence, isReleased } : undefined };
}
