/** During a deploy, nodes of different versions run side by side. So the first fields of a frame never move. */
export const PROTOCOL = 3;

/** What a frame is for. */
export const FRAME = {
  /** Opens a link, or answers such a frame. */
  hello: 1,
  /** Carries messages, or parts of them. */
  data: 2,
  /** Carries only its head. */
  beat: 3,
  /** A beat of a node that has missed frames: everything after `received` is to be sent again. */
  again: 4,
  /** The link has ended, or a frame that belongs to no link has arrived. */
  reset: 5,
  /** From a node to itself. */
  echo: 6,
} as const;

export interface FrameHead {
  readonly version: number;
  readonly kind: number;
  readonly from: string;
  /** Names the link at its sender; 0 if there is none. */
  readonly fromEpoch: number;
  /** Names the link at its receiver; 0 if the sender does not know it yet. */
  readonly toEpoch: number;
  /** Number of this data frame; in other frames, of the last data frame that was sent. */
  readonly sequence: number;
  /** Number of the last data frame that arrived in order. */
  readonly received: number;
  /** How many bytes of data frames the receiver of this frame may send in total, since the link began. */
  readonly grant: number;
}

/** Bytes before the payload, without the name of the sender. */
const FIXED_BYTES = 29;
/** Characters of the longest name of a node. */
const LONGEST_NAME = 64;
/** Bytes before each part of a message: its length, and whether it is the last part. */
export const PART_BYTES = 4;
/** The bit of such a length that is set for the last part. */
export const LAST_PART = 0x8000_0000;
/** Free bytes before a message that are always enough to make a frame of it: see `PeerLink.send`. */
export const HEADROOM_BYTES = FIXED_BYTES + LONGEST_NAME + PART_BYTES;

export function headBytes(from: string): number {
  return FIXED_BYTES + from.length;
}

/** @returns a frame with so many bytes behind its head, which are to be written */
export function encodeFrame(head: FrameHead, payloadBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(headBytes(head.from) + payloadBytes);
  writeHead(frame, head);
  return frame;
}

/** Writes the head of a frame, whose payload may be in it already. */
export function writeHead(frame: Buffer, head: FrameHead): void {
  frame[0] = head.version;
  frame[1] = head.kind;
  frame[2] = head.from.length;
  frame.write(head.from, 3, 'latin1');
  const fields = headBytes(head.from) - FIXED_BYTES + 3;
  frame.writeUInt32LE(head.fromEpoch, fields);
  frame.writeUInt32LE(head.toEpoch, fields + 4);
  frame.writeUIntLE(head.sequence, fields + 8, 6);
  frame.writeUIntLE(head.received, fields + 14, 6);
  frame.writeUIntLE(head.grant, fields + 20, 6);
}

/** @returns `undefined` if the bytes are not a frame */
export function decodeHead(frame: Buffer): FrameHead | undefined {
  if (frame.length < FIXED_BYTES || frame.length < FIXED_BYTES + frame[2]) return undefined;
  const fields = 3 + frame[2];
  return {
    version: frame[0],
    kind: frame[1],
    from: frame.toString('latin1', 3, fields),
    fromEpoch: frame.readUInt32LE(fields),
    toEpoch: frame.readUInt32LE(fields + 4),
    sequence: frame.readUIntLE(fields + 8, 6),
    received: frame.readUIntLE(fields + 14, 6),
    grant: frame.readUIntLE(fields + 20, 6),
  };
}
