import { compact } from './compact.js';

/** Bytes of small writes are gathered into chunks of this size, so that a slow client costs its bytes and little more. */
const CHUNK_BYTES = 64 * 1024;
/** Longer writes are chunks of their own: gathered, they would leave too much of a chunk empty. */
const GATHERED_BYTES = CHUNK_BYTES / 4;

/** What waits for one slow client: its own copy, so that it pins nothing that others share. */
export class Backlog {
  bytes = 0;
  #chunks: Buffer[] = [];
  #last: Buffer | null = null;
  #used = 0;

  append(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (bytes.length > GATHERED_BYTES) {
      this.#seal();
      this.#chunks.push(Buffer.from(bytes));
      return;
    }
    if (this.#last === null || this.#used + bytes.length > this.#last.length) {
      this.#seal();
      // The first chunk is small: most clients are behind for a moment only.
      this.#last = Buffer.allocUnsafeSlow(this.#chunks.length === 0 ? Math.max(4096, bytes.length) : CHUNK_BYTES);
    }
    bytes.copy(this.#last, this.#used);
    this.#used += bytes.length;
  }

  /** Gives everything away, in order. */
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
