/** RFC 6455 section 5.2: opcodes of data frames. */
export const TEXT = 0x1;
export const BINARY = 0x2;
const FIN = 0x80;
/** Headers of text frames of up to 125 bytes, a character a byte. */
const SHORT_HEADERS = Array.from({ length: 126 }, (_, bytes) => String.fromCharCode(FIN | TEXT, bytes));

/**
 * One outgoing message, framed at most once whoever gets it. The bytes come into being when the outbox
 * writes a turn; until then a text stays the string it is, and a binary message is our own copy.
 */
export class Frame {
  /** Bytes on the wire: header and payload. */
  readonly bytes: number;
  /** Where the arena put the frame among the broadcasts of this flush. */
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
    this.bytes = payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 65536 ? 4 : 10);
  }

  static text(text: string, isVolatile = false): Frame {
    return new Frame(TEXT, text, Buffer.byteLength(text), isVolatile);
  }

  /** Copies, since the caller may reuse its memory as soon as the send returns. */
  static binary(bytes: Uint8Array, isVolatile = false): Frame {
    return new Frame(BINARY, Buffer.from(bytes), bytes.byteLength, isVolatile);
  }

  /** The whole frame, a character a byte, if that is possible without encoding: its text is ASCII, and short. */
  get latin1(): string | null {
    const { payload, payloadBytes } = this;
    if (typeof payload !== 'string' || payloadBytes !== payload.length || payloadBytes >= 126) return null;
    return SHORT_HEADERS[payloadBytes] + payload;
  }

  /** Writes the frame (unmasked, unfragmented, as a server's) at `at` and returns the offset behind it. */
  writeTo(target: Buffer, at: number): number {
    const length = this.payloadBytes;
    target[at] = FIN | this.opcode;
    let cursor = at + 2;
    if (length < 126) {
      target[at + 1] = length;
    } else if (length < 65536) {
      target[at + 1] = 126;
      cursor = target.writeUInt16BE(length, cursor);
    } else {
      target[at + 1] = 127;
      cursor = target.writeUInt32BE(Math.floor(length / 2 ** 32), cursor);
      cursor = target.writeUInt32BE(length >>> 0, cursor);
    }
    if (typeof this.payload === 'string') target.write(this.payload, cursor, length, 'utf8');
    else this.payload.copy(target, cursor);
    return cursor + length;
  }
}
