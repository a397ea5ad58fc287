const PING = 0x9;

/** Finds the pings in the stream of a server. All other frames are skipped unread, since the load must cost little. */
export class PingFinder {
  /** Bytes of the present frame that are still to come. */
  #left = 0;
  /** A header that has not arrived whole. */
  #head: Buffer | null = null;

  /** @returns how many pings begin in the chunk; they must be empty, as those of `ws` and ours are */
  countIn(chunk: Buffer): number {
    const bytes = this.#head === null ? chunk : Buffer.concat([this.#head, chunk]);
    this.#head = null;
    let pings = 0;
    let at = this.#left;
    while (at < bytes.length) {
      const [header, payload] = lengths(bytes, at);
      if (at + header > bytes.length) {
        this.#head = Buffer.from(bytes.subarray(at));
        this.#left = 0;
        return pings;
      }
      if ((bytes[at] & 0xf) === PING && payload === 0) pings++;
      at += header + payload;
    }
    this.#left = at - bytes.length;
    return pings;
  }
}

/** Of the frame that begins there. The payload is only right if the header is there as a whole. */
function lengths(bytes: Buffer, at: number): [header: number, payload: number] {
  const [, length = 126] = bytes.subarray(at, at + 2);
  if (length === 127) return [10, at + 10 > bytes.length ? 0 : Number(bytes.readBigUInt64BE(at + 2))];
  if (length === 126) return [4, at + 4 > bytes.length ? 0 : bytes.readUInt16BE(at + 2)];
  return [2, length];
}
