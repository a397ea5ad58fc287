/** RFC 6455 section 5.2: opcodes of data frames. */
export const TEXT = 0x1;
export const BINARY = 0x2;
/** The bit of the first byte that says the message ends with this frame. */
export const FIN = 0x80;
/** Bytes of the longest payload whose length stands in the second byte of the header. */
export const LONGEST_SHORT_PAYLOAD = 125;

/**
 * One outgoing message, framed at most once whoever gets it. The bytes come into being when the outbox
 * writes a turn; until then a text stays the string it is, and a binary message is our own copy.
 */
export class Frame {
  /** Bytes on the wire: header and payload. */
  readonly bytes: number;
  /** Where the frame begins in the bytes of the broadcasts that are being written. */
  offset = 0;
  /** The frame's bytes in the arena, while it is flushed to single members. */
  encoded: Buffer | null = null;

  private constructor(
    readonly opcode: number,
    readonly payload: string | Buffer,
    readonly payloadBytes: number,
    /** Members that are behind when it is written go without it. */
    readonly isVolatile: boolean,
  ) {
    this.bytes = payloadBytes + (payloadBytes <= LONGEST_SHORT_PAYLOAD ? 2 : payloadBytes < 65536 ? 4 : 10);
  }

  static text(text: string, isVolatile = false): Frame {
    return new Frame(TEXT, text, Buffer.byteLength(text), isVolatile);
  }

  /** Copies, since the caller may reuse its memory as soon as the send returns. */
  static binary(bytes: Uint8Array, isVolatile = false): Frame {
    return new Frame(BINARY, Buffer.from(bytes), bytes.byteLength, isVolatile);
  }

  /** Writes the frame (unmasked, unfragmented, as a server's) at `at` and returns the offset behind it. */
  writeTo(target: Buffer, at: number): number {
    const length = this.payloadBytes;
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
    const { payload } = this;
    if (typeof payload !== 'string') payload.copy(target, cursor);
    // As many bytes as characters is ASCII, which need not be encoded.
    else target.write(payload, cursor, length, payload.length === length ? 'latin1' : 'utf8');
    return cursor + length;
  }
}
