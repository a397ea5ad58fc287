import type { RoomKey } from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';

/** A record without its bytes. It lists the parts and segments, so that a missing one is noticed. */
export interface RecordHead {
  readonly service: string;
  readonly key: string;
  readonly fence: number;
  readonly owner: string;
  readonly isReleased: boolean;
  readonly sequence: number;
  readonly dueAt: number | null;
  /** Names of the parts. */
  readonly parts: readonly string[];
  /** Number of segments. */
  readonly segments: number;
  /** Number of the first segment; 0 if there is none. */
  readonly first: number;
}

export function newHead({ service, key }: RoomKey, fence: number, owner: string): RecordHead {
  return {
    service,
    key,
    fence,
    owner,
    isReleased: false,
    sequence: 0,
    dueAt: null,
    parts: [],
    segments: 0,
    first: 0,
  };
}

export function writeHead(head: RecordHead): Buffer {
  return Buffer.from(JSON.stringify(head));
}

/** @throws StoreError `record_unreadable` */
export function readHead(bytes: Uint8Array, room?: RoomKey): RecordHead {
  let head: unknown;
  try {
    head = JSON.parse((Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)).toString());
  } catch (error) {
    throw unreadable(room, 'its head is not JSON', error);
  }
  if (!isHead(head)) throw unreadable(room, 'its head is incomplete');
  if (room !== undefined && (head.service !== room.service || head.key !== room.key))
    throw unreadable(room, 'its head belongs to another room');
  return head;
}

export function unreadable(room: RoomKey | undefined, why: string, cause?: unknown): StoreError {
  const name = room === undefined ? 'a room' : `room ${JSON.stringify(room.key)} of ${JSON.stringify(room.service)}`;
  return new StoreError('record_unreadable', `The record of ${name} cannot be read: ${why}.`, { cause });
}

function isHead(value: unknown): value is RecordHead {
  if (typeof value !== 'object' || value === null) return false;
  const { service, key, fence, owner, isReleased, sequence, dueAt, parts, segments, first } = value as RecordHead;
  // Without closures: it runs for each write of each room.
  return (
    typeof service === 'string' &&
    typeof key === 'string' &&
    typeof owner === 'string' &&
    Number.isSafeInteger(fence) &&
    Number.isSafeInteger(sequence) &&
    (dueAt === null || Number.isSafeInteger(dueAt)) &&
    Number.isSafeInteger(segments) &&
    Number.isSafeInteger(first) &&
    typeof isReleased === 'boolean' &&
    Array.isArray(parts) &&
    parts.every((name) => typeof name === 'string')
  );
}
