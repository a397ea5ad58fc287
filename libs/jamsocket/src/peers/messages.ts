import { HEADROOM_BYTES } from '../cluster/links/link-frame.js';

/**
 * What two nodes say to each other about the clients of one node in the rooms of the other. The edge is the node that has a
 * client's socket, the owner the node that runs the room. A channel is a client, numbered by the edge; a mirror is what an
 * edge has of a room, numbered by the owner. Each message begins with its kind and the number of its channel or mirror.
 */

/** From the edge to the owner, about a channel. */
export const TO_OWNER = {
  /** A client wants to enter a room. */
  arrive: 0x10,
  /** The client that was admitted joins. */
  join: 0x11,
  /** The client does not join. */
  abandon: 0x12,
  /** A message of the client that is too long to be gathered with others. */
  text: 0x13,
  binary: 0x14,
  /** The connection has ended. */
  closed: 0x15,
  /** The socket has closed. */
  ended: 0x16,
  quiet: 0x17,
  unread: 0x18,
  /** Bytes that wait for the client. */
  behind: 0x19,
  /** Nothing more of the client comes until its room has moved. */
  held: 0x1a,
  /** The client has followed its room to this owner. */
  follow: 0x1b,
  /** What several clients have said, short texts and binary messages: see `GatheredMessages`. Its number is 0. */
  messages: 0x1c,
} as const;

/** From the owner to the edge, about a channel. */
export const TO_CHANNEL = {
  /** The guards of the room let the client in. */
  admitted: 0x30,
  joined: 0x31,
  refused: 0x32,
  /** The room is somewhere else, or will be. */
  again: 0x33,
  write: 0x34,
  close: 0x35,
  drop: 0x36,
  terminate: 0x37,
  pause: 0x38,
  resume: 0x39,
  beats: 0x3a,
  keepsVolatile: 0x3b,
  /** The room is about to move: read nothing more of the client. */
  hold: 0x3c,
  /** The room is on another node now. */
  moved: 0x3d,
  /** The client that has followed its room is read again. */
  followed: 0x3e,
} as const;

/** From the owner to the edge, about a mirror. */
export const TO_MIRROR = {
  enter: 0x50,
  leave: 0x51,
  flush: 0x52,
  broadcast: 0x53,
  except: 0x54,
  send: 0x55,
  /** Several broadcasts, as they go to the sockets. */
  broadcasts: 0x56,
} as const;

/** Calls between nodes, numbered by the caller. */
export const CALL = { request: 0x70, response: 0x71, failure: 0x72 } as const;

/** The kind and the number. */
export const HEAD_BYTES = 5;

export function kindOf(message: Buffer): number {
  return message[0];
}

/** Number of the channel, the mirror or the call. */
export function numberOf(message: Buffer): number {
  return message.readUInt32LE(1);
}

/** What follows the head. */
export function bodyOf(message: Buffer): Buffer {
  return message.subarray(HEAD_BYTES);
}

export function messageOf(kind: number, number: number, body?: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + (body?.length ?? 0));
  message[0] = kind;
  message.writeUInt32LE(number, 1);
  if (body !== undefined) message.set(body, HEAD_BYTES);
  return message;
}

/** A message that is sent with `HEADROOM_BYTES` before it. @param bytes that follow the head, and are to be written */
export function longMessage(kind: number, number: number, bytes: number): Buffer {
  const message = Buffer.allocUnsafeSlow(HEADROOM_BYTES + HEAD_BYTES + bytes).subarray(HEADROOM_BYTES);
  message[0] = kind;
  message.writeUInt32LE(number, 1);
  return message;
}

export function numberMessage(kind: number, number: number, value: number): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + 6);
  message[0] = kind;
  message.writeUInt32LE(number, 1);
  message.writeUIntLE(Math.max(0, Math.min(Math.floor(value), 2 ** 48 - 1)), HEAD_BYTES, 6);
  return message;
}

export function valueOf(message: Buffer): number {
  return message.readUIntLE(HEAD_BYTES, 6);
}

/** How a connection ended. */
export interface ChannelEnd {
  readonly code: number;
  readonly reason: string;
  /** The peer has broken the protocol. */
  readonly hasFailed: boolean;
  /** The client does not read. */
  readonly isDropped: boolean;
  /** Milliseconds since the client was heard. Infinity if that is not known. */
  readonly silentMs: number;
}

export function endMessage(channel: number, { code, reason, hasFailed, isDropped, silentMs }: ChannelEnd): Buffer {
  const text = Buffer.from(reason);
  const body = Buffer.allocUnsafe(7 + text.length);
  body.writeUInt16LE(code, 0);
  body[2] = (hasFailed ? 1 : 0) | (isDropped ? 2 : 0);
  body.writeUInt32LE(Math.max(0, Math.min(Math.floor(silentMs), 2 ** 32 - 1)), 3);
  text.copy(body, 7);
  return messageOf(TO_OWNER.closed, channel, body);
}

export function endIn(message: Buffer): ChannelEnd {
  const body = bodyOf(message);
  const [hasFailed, isDropped] = [(body[2] & 1) > 0, (body[2] & 2) > 0];
  const reason = body.toString('utf8', 7);
  return { code: body.readUInt16LE(0), reason, hasFailed, isDropped, silentMs: body.readUInt32LE(3) };
}

/** A close code and a reason, for `close` and `drop`. */
export function closeMessage(kind: number, channel: number, code: number, reason: string): Buffer {
  const text = Buffer.from(reason);
  const body = Buffer.allocUnsafe(2 + text.length);
  body.writeUInt16LE(code, 0);
  text.copy(body, 2);
  return messageOf(kind, channel, body);
}

export function closeIn(message: Buffer): { readonly code: number; readonly reason: string } {
  const body = bodyOf(message);
  return { code: body.readUInt16LE(0), reason: body.toString('utf8', 2) };
}
