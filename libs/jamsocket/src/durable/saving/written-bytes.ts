import type { RoomWrite } from '../../store/room-store.js';

type SizedWrite = Pick<RoomWrite, 'parts' | 'segments'>;

/** Bytes of a write's parts and segments, without their names and numbers. */
export function bytesOf({ parts = {}, segments = [] }: SizedWrite): number {
  let bytes = 0;
  for (const part of Object.values(parts)) bytes += part.byteLength;
  for (const segment of segments) bytes += segment.bytes.byteLength;
  return bytes;
}
