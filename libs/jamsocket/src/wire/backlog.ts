import { compact, copyOf } from './compact.js';

/** Small writes are gathered into chunks of this size, so that a client that is behind costs little more than its bytes. */
const CHUNK_BYTES = 64 * 1024;
/** Longer writes get a chunk of their own, since gathering them would leave too much of a chunk unused. */
const GATHERED_BYTES = CHUNK_BYTES / 4;

/** The bytes that wait for one client that is behind. They are copies, so that shared buffers can be reused. */
export class Backlog {
  bytes = 0;
  #chunks: Buffer[] = [];
  #last: Buffer | null = null;
  #used = 0;

  append(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (bytes.length > GATHERED_BYTES) {
      this.#seal();
      this.#chunks.push(copyOf(bytes));
      return;
    }
    if (this.#last === null || this.#used + bytes.length > this.#last.length) {
      this.#seal();
      // The first chunk is small: most clients are behind only briefly.
      this.#last = Buffer.allocUnsafeSlow(this.#chunks.length === 0 ? Math.max(4096, bytes.length) : CHUNK_BYTES);
    }
    bytes.copy(this.#last, this.#used);
    this.#used += bytes.length;
  }

  /** Removes and returns everything, in order. */
  take(): Buffer[] {
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.bytes = 0;
    return chunks;
  }

  #seal(): void {
    if (this.#last !== null && this.#used > 0) this.#chunks.push(compact(this.#last.subarray(0, this.#used)));
    this.#last = null;
    this.#used = 0;
  }
}
