import { isUtf8 } from 'node:buffer';
import { FIN } from './frame.js';

/** RFC 6455 section 5.5: opcodes of control frames, and their longest payload in bytes. */
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;
export const LONGEST_CONTROL = 125;
/** RFC 6455 section 7.4.1: stands for a close frame without a code. */
const NO_CODE = 1005;

export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** A whole control frame, unmasked, as a server sends it. */
export function controlFrame(opcode: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + payload.length);
  frame[0] = FIN | opcode;
  frame[1] = payload.length;
  payload.copy(frame, 2);
  return frame;
}

export function closeFrame({ code, reason }: Close): Buffer {
  if (code === NO_CODE) return controlFrame(CLOSE, Buffer.alloc(0));
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return controlFrame(CLOSE, payload);
}

/** Parses the payload of a close frame; `undefined` if it breaks RFC 6455 section 5.5.1 or 7.4. */
export function closeOf(payload: Buffer): Close | undefined {
  if (payload.length === 0) return { code: NO_CODE, reason: '' };
  if (payload.length === 1) return undefined;
  const code = payload.readUInt16BE(0);
  const reason = payload.subarray(2);
  return maySend(code) && isUtf8(reason) ? { code, reason: reason.toString() } : undefined;
}

/** RFC 6455 section 7.4, and the codes registered with IANA since. */
function maySend(code: number): boolean {
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
}
