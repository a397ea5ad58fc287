/** RFC 6455 section 5.2: opcodes of data frames. */
export const TEXT = 0x1;
export const BINARY = 0x2;
/** Not an opcode: several frames in one. */
const SEVERAL = -1;
/** Bit of the first byte, set if the message ends with this frame. */
export const FIN = 0x80;
/** Bytes of the longest payload whose length fits into the second byte of the header. */
export const LONGEST_SHORT_PAYLOAD = 125;

/**
 * One outgoing message, encoded at most once for all recipients. The outbox encodes it when it writes a tick's messages;
 * until then a text stays a string, and a binary message is a private copy.
 */
export class Frame {
  /** Bytes on the wire: header and payload. */
  readonly bytes: number;
  /** Offset of the frame in the bytes of the broadcasts that are being written. */
  offset = 0;
  /** The encoded frame in the arena, while it is flushed to single members. */
  encoded: Buffer | null = null;

  private constructor(
    readonly opcode: number,
    readonly payload: string | Buffer,
    readonly payloadBytes: number,
    /** Skipped for members that are behind when it is written. */
    readonly isVolatile: boolean,
  ) {
    const isHeaderless = opcode === SEVERAL;
    this.bytes =
      payloadBytes + (isHeaderless ? 0 : payloadBytes <= LONGEST_SHORT_PAYLOAD ? 2 : payloadBytes < 65536 ? 4 : 10);
  }

  static text(text: string, isVolatile = false): Frame {
    return new Frame(TEXT, text, Buffer.byteLength(text), isVolatile);
  }

  /** Copies the bytes, since the caller may reuse them as soon as the send returns. */
  static binary(bytes: Uint8Array, isVolatile = false): Frame {
    return new Frame(BINARY, Buffer.from(bytes), bytes.byteLength, isVolatile);
  }

  /** A message whose payload is encoded already. The bytes must not be changed afterwards. */
  static encoded(opcode: number, payload: Buffer, isVolatile: boolean): Frame {
    return new Frame(opcode, payload, payload.length, isVolatile);
  }

  /** Several messages, as `writeTo` has written them one after another. Not for `Link.writeFrame`. */
  static several(bytes: Buffer): Frame {
    return new Frame(SEVERAL, bytes, bytes.length, false);
  }

  /** Writes the frame at `at`, unmasked and unfragmented, and returns the offset after it. */
  writeTo(target: Buffer, at: number): number {
    const length = this.payloadBytes;
    if (this.opcode === SEVERAL) {
      this.writePayloadTo(target, at);
      return at + length;
    }
    target[at] = FIN | this.opcode;
    let cursor = at + 2;
    if (length <= LONGEST_SHORT_PAYLOAD) {
      target[at + 1] = length;
    } else if (length < 65536) {
      target[at + 1] = 126;
      cursor = target.writeUInt16BE(length, cursor);
    } else {
      target[at + 1] = 127;
      cursor = target.writeUInt32BE(Math.floor(length / 2 ** 32), cursor);
      cursor = target.writeUInt32BE(length >>> 0, cursor);
    }
    this.writePayloadTo(target, cursor);
    return cursor + length;
  }

  writePayloadTo(target: Buffer, at: number): void {
    const { payload, payloadBytes } = this;
    if (typeof payload !== 'string') payload.copy(target, at);
    // As many bytes as characters means ASCII, which latin1 writes faster.
    else target.write(payload, at, payloadBytes, payload.length === payloadBytes ? 'latin1' : 'utf8');
  }
}
