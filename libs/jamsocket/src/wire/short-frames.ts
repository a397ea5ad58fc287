import { FIN, LONGEST_SHORT_PAYLOAD, TEXT, type Frame } from './frame.js';

/** Header and payload of the longest frame whose length stands in its second byte. */
const LONGEST_FRAME = 2 + LONGEST_SHORT_PAYLOAD;
const encoder = new TextEncoder();

/**
 * The memory that short frames for single connections are written from, one after the other. It is used again as soon
 * as the socket has taken the bytes, and so are the views of it, one for each length: a `Buffer` for every answer would
 * be a good part of all that a busy server allocates.
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

  /** A socket holds on to the bytes given out last. */
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
