import { CLOSE, LONGEST_CONTROL, PONG } from './control-frame.js';
import { BINARY } from './frame.js';

/** RFC 6455 section 5.2: bit of a header's second byte, set if a mask follows. */
export const MASKED = 0x80;
export const LONGEST_HEADER = 14;
/** RFC 6455 section 5.2: these bits of the first byte. */
export const OPCODE = 0x0f;
const CONTINUATION = 0x0;

/** Whether these first bytes of a frame break RFC 6455 section 5.2, 5.4 or 5.5. */
export function isViolation(first: number, second: number, isFragmented: boolean): boolean {
  const opcode = first & OPCODE;
  if ((first & 0x70) !== 0 || (second & MASKED) === 0) return true;
  if (opcode <= BINARY) return (opcode === CONTINUATION) !== isFragmented;
  const isControl = opcode >= CLOSE && opcode <= PONG;
  return !isControl || (first & 0x80) === 0 || (second & 0x7f) > LONGEST_CONTROL;
}

/** Length of the header at `at`, including the mask; 0 if the chunk ends within the header. */
export function headerBytes(chunk: Buffer, at: number): number {
  if (chunk.length - at < 2) return 0;
  const second = chunk[at + 1];
  const short = second & 0x7f;
  const bytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & MASKED) !== 0 ? 4 : 0);
  return chunk.length - at < bytes ? 0 : bytes;
}

export function payloadBytes(chunk: Buffer, at: number): number {
  const short = chunk[at + 1] & 0x7f;
  if (short < 126) return short;
  if (short === 126) return (chunk[at + 2] << 8) | chunk[at + 3];
  return chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6);
}

/** Unmasks the payload in place, with the mask before `start`. Returns the bitwise OR of all bytes. */
export function unmask(chunk: Buffer, start: number, end: number): number {
  const a = chunk[start - 4];
  const b = chunk[start - 3];
  const c = chunk[start - 2];
  const d = chunk[start - 1];
  let union = 0;
  let at = start;
  for (; at + 3 < end; at += 4) {
    union |= (chunk[at] ^= a) | (chunk[at + 1] ^= b) | (chunk[at + 2] ^= c) | (chunk[at + 3] ^= d);
  }
  if (at < end) union |= chunk[at++] ^= a;
  if (at < end) union |= chunk[at++] ^= b;
  if (at < end) union |= chunk[at] ^= c;
  return union;
}
