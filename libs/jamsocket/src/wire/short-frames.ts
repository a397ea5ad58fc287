import { FIN, LONGEST_SHORT_PAYLOAD, TEXT, type Frame } from './frame.js';

/** Bytes of the longest frame whose payload length fits into its second byte. */
const LONGEST_FRAME = 2 + LONGEST_SHORT_PAYLOAD;
const encoder = new TextEncoder();

/**
 * Memory for short frames to single connections. It and its views, one for each length, are reused as soon as the socket
 * has taken the bytes: a new `Buffer` for every reply would be a large part of a busy server's allocations.
 */
export class ShortFrames {
  #buffer = Buffer.allocUnsafeSlow(LONGEST_FRAME);
  #payload = this.#buffer.subarray(2);
  #views: Buffer[] = [];

  /** The bytes of the frame, or of a frame with this text; `null` if it is too long. */
  encode(own: Frame | string): Buffer | null {
    if (typeof own === 'string') return this.#encodeText(own);
    if (own.bytes > LONGEST_FRAME) return null;
    own.writeTo(this.#buffer, 0);
    return this.#view(own.bytes);
  }

  /** A socket still references this buffer: do not reuse it. */
  giveAway(): void {
    this.#buffer = Buffer.allocUnsafeSlow(LONGEST_FRAME);
    this.#payload = this.#buffer.subarray(2);
    this.#views = [];
  }

  #encodeText(text: string): Buffer | null {
    const { read, written } = encoder.encodeInto(text, this.#payload);
    if (read < text.length) return null;
    this.#buffer[0] = FIN | TEXT;
    this.#buffer[1] = written;
    return this.#view(2 + written);
  }

  #view(bytes: number): Buffer {
    return (this.#views[bytes] ??= this.#buffer.subarray(0, bytes));
  }
}
