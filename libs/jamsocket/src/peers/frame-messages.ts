import type { Frame } from '../wire/frame.js';
import { HEAD_BYTES, longMessage } from './messages.js';

const OPCODE = 0x0f;
const VOLATILE = 0x80;

/** What a frame message says. */
interface FrameIn {
  readonly opcode: number;
  readonly isVolatile: boolean;
  readonly payload: Buffer;
  /** The recipients, or those left out. */
  readonly channels: readonly number[];
}

/**
 * A frame as an edge gets it, once however many of its clients get it.
 * @param channels the recipients, or those left out
 */
export function frameMessage(kind: number, mirror: number, frame: Frame, channels: readonly number[]): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + 5 + 4 * channels.length + frame.payloadBytes);
  message[0] = kind;
  message.writeUInt32LE(mirror, 1);
  message[HEAD_BYTES] = frame.opcode | (frame.isVolatile ? VOLATILE : 0);
  message.writeUInt32LE(channels.length, HEAD_BYTES + 1);
  let at = HEAD_BYTES + 5;
  for (const channel of channels) at = message.writeUInt32LE(channel, at);
  frame.writePayloadTo(message, at);
  return message;
}

/** To be sent with `HEADROOM_BYTES`. @param bytes of all the frames */
export function framesMessage(kind: number, mirror: number, frames: readonly Frame[], bytes: number): Buffer {
  const message = longMessage(kind, mirror, bytes);
  let at = HEAD_BYTES;
  for (const frame of frames) at = frame.writeTo(message, at);
  return message;
}

const NOBODY: readonly number[] = [];

export function frameIn(message: Buffer): FrameIn {
  const flags = message[HEAD_BYTES];
  const count = message.readUInt32LE(HEAD_BYTES + 1);
  return {
    opcode: flags & OPCODE,
    isVolatile: (flags & VOLATILE) > 0,
    channels:
      count === 0 ? NOBODY : Array.from({ length: count }, (_, at) => message.readUInt32LE(HEAD_BYTES + 5 + 4 * at)),
    payload: message.subarray(HEAD_BYTES + 5 + 4 * count),
  };
}
