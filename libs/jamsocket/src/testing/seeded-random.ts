import { JamsocketRandom } from '../base/sources.js';

/** Returns the same numbers and ids in every run. */
export class SeededRandom extends JamsocketRandom {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = seed >>> 0;
  }

  /** Mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let hash = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
    return (hash ^ (hash >>> 14)) >>> 0;
  }

  override token(): string {
    return Buffer.from(this.uuid().replaceAll('-', ''), 'hex').toString('base64url');
  }

  /** Has the form of a version 4 UUID (RFC 9562 section 5.4). */
  uuid(): string {
    const bytes = Buffer.alloc(16);
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32BE(this.uint32(), at);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
