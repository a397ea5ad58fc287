import type { RoomKey } from '../store/room-store.js';

/**
 * Number of buckets that rooms are spread over. All keys of a bucket have the same hash tag, so a room and its index are in
 * one slot of a Redis Cluster and one script changes both. Never change the number: existing rooms would not be found.
 */
export const BUCKETS = 64;

const NUL = '\0';
/** Digits of the largest safe integer. Numbers padded to this length sort correctly as strings. */
const DIGITS = 16;

export interface RoomKeys {
  readonly bucket: number;
  /** Hash: the head of the record, and its parts. */
  readonly record: string;
  /** List: the segments of the log. */
  readonly log: string;
  /** Sorted set of the bucket: rooms that have a `dueAt`. */
  readonly due: string;
  /** Sorted set of the bucket and service: rooms that have parts. */
  readonly list: string;
}

export function keysOf(prefix: string, { service, key }: RoomKey): RoomKeys {
  const bucket = bucketOf(service, key);
  const tag = tagOf(prefix, bucket);
  // Escaped: without it a colon in a name could make two rooms share a key.
  const name = `${service.replace(/[%:]/g, encodeURIComponent)}:${key}`;
  return {
    bucket,
    record: `${tag}room:${name}`,
    log: `${tag}log:${name}`,
    due: dueKey(prefix, bucket),
    list: listKey(prefix, bucket, service),
  };
}

export function dueKey(prefix: string, bucket: number): string {
  return `${tagOf(prefix, bucket)}due`;
}

export function listKey(prefix: string, bucket: number, service: string): string {
  return `${tagOf(prefix, bucket)}list:${service}`;
}

export function padded(number: number): string {
  return `${number}`.padStart(DIGITS, '0');
}

/** A member of the index is: service NUL owner NUL time NUL key. */
export function readDueMember(member: string): { room: RoomKey; dueAt: number } {
  const [service, , dueAt, key] = member.split(NUL);
  return { room: { service, key }, dueAt: Number(dueAt) };
}

export function bucketOf(service: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const text of [service, NUL, key])
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % BUCKETS;
}

function tagOf(prefix: string, bucket: number): string {
  return `{${prefix}:${bucket}}`;
}
