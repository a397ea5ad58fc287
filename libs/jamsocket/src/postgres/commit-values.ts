import { createHash } from 'node:crypto';
import { firstFence } from '../store/first-fence.js';
import type { ClaimRequest, RoomKey, RoomWrite } from '../store/room-store.js';

export function idOf({ service, key }: RoomKey): Buffer {
  return createHash('sha256').update(service).update('\0').update(key).digest();
}

/** The values of the claim statement. */
export function claimValues(claims: readonly ClaimRequest[]): unknown[] {
  return [
    claims.map(({ room }) => idOf(room)),
    claims.map(({ room }) => room.service),
    claims.map(({ room }) => room.key),
    claims.map(({ minFence = 1 }) => firstFence(minFence)),
    claims.map(({ owner }) => owner),
    claims.map(({ minFence = 1 }) => minFence),
  ];
}

/** A range within the bytes of a batch. Offsets start at 1, as in SQL's `substring`. */
interface Slice {
  readonly position: number;
  readonly name: string | number;
  readonly at: number;
  readonly size: number;
}

/** The values of the commit statement. All bytes are one value: an array would be sent as text, twice as long. */
export function commitValues(writes: readonly RoomWrite[]): unknown[] {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const sliceOf = (position: number, name: string | number, bytes: Uint8Array): Slice => {
    const slice = { position, name, at: length + 1, size: bytes.length };
    chunks.push(bytes);
    length += bytes.length;
    return slice;
  };
  const parts = writes.flatMap(({ parts: named = {} }, at) =>
    Object.entries(named).map(([name, bytes]) => sliceOf(at + 1, name, bytes)),
  );
  const segments = writes.flatMap(({ segments: log = [], keepFrom = 0 }, at) =>
    log.filter(({ number }) => number >= keepFrom).map(({ number, bytes }) => sliceOf(at + 1, number, bytes)),
  );
  return [
    ...proofOf(writes),
    writes.map(({ isDelete }) => isDelete === true),
    writes.map(({ isRelease }) => isRelease === true),
    writes.map(({ keepFrom = 0 }) => keepFrom),
    writes.map(({ dueAt }) => dueAt !== undefined),
    writes.map(({ dueAt }) => dueAt ?? null),
    writes.map(({ parts: named = {} }) => Object.keys(named).length > 0),
    Buffer.concat(chunks),
    ...columnsOf(parts),
    ...columnsOf(segments),
  ];
}

/** For each write its room, and what the record must match: fence, owner and sequence. */
export function proofOf(writes: readonly RoomWrite[]): unknown[] {
  return [
    writes.map(({ room }) => idOf(room)),
    writes.map(({ fence }) => fence),
    writes.map(({ owner }) => owner),
    writes.map(({ sequence }) => sequence),
  ];
}

function columnsOf(slices: readonly Slice[]): unknown[] {
  return [
    slices.map(({ position }) => position),
    slices.map(({ name }) => name),
    slices.map(({ at }) => at),
    slices.map(({ size }) => size),
  ];
}

/** Larger batches are split to bound memory. That is allowed: a batch is atomic per room only. */
const MAX_BYTES = 16 * 1_048_576;
const MAX_ROOMS = 1_000;

export function inChunks(writes: readonly RoomWrite[]): RoomWrite[][] {
  const chunks: RoomWrite[][] = [];
  let chunk: RoomWrite[] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = sizeOf(write);
    if (chunk.length === 0 || chunk.length === MAX_ROOMS || bytes + size > MAX_BYTES) {
      chunk = [];
      chunks.push(chunk);
      bytes = 0;
    }
    chunk.push(write);
    bytes += size;
  }
  return chunks;
}

function sizeOf({ parts = {}, segments = [] }: RoomWrite): number {
  const all = [...Object.values(parts), ...segments.map(({ bytes }) => bytes)];
  return all.reduce((sum, { length }) => sum + length, 0);
}
