const HEAD_BYTES = 4;

/** The head of a message on a stream: its length. */
export function headOf(bytes: Buffer): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(bytes.length);
  return head;
}

/** Finds the messages in the chunks of a stream. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes needed before there is anything to do. */
  #needed = HEAD_BYTES;

  /**
   * @param receive gets each message, whose bytes are its own
   * @throws RangeError for a message of more than `maxBytes`
   */
  push(chunk: Buffer, maxBytes: number, receive: (message: Buffer) => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const length = all.readUInt32LE(at);
      if (length > maxBytes) throw new RangeError(`A message of ${length} bytes is too large.`);
      if (all.length - at - HEAD_BYTES < length) break;
      at += HEAD_BYTES + length;
      // A copy: a part of it that is kept must not keep the whole chunk.
      receive(Buffer.from(all.subarray(at - length, at)));
    }
    this.#keep(all.subarray(at));
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#needed = HEAD_BYTES + (rest.length < HEAD_BYTES ? 0 : rest.readUInt32LE(0));
  }
}
