import { LAST_PART, PART_BYTES } from './link-frame.js';

/** What arrives from one node: data frames in the order of their numbers, and the parts of messages in them. */
export class Incoming {
  /** Number of the last data frame that came in order. */
  received = 0;
  /** The frame that was asked for again. */
  #missing = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(private readonly maxMessageBytes: number) {}

  /**
   * A later frame than the next one has come.
   * @returns whether to ask for the next one again: once between beats, since the frames after it are out of order, too
   */
  noteGap(): boolean {
    if (this.#missing === this.received + 1) return false;
    this.#missing = this.received + 1;
    return true;
  }

  /** It is time for a beat: a missing frame may be asked for once more. */
  beat(): void {
    this.#missing = 0;
  }

  /**
   * Takes the next data frame.
   * @param receive gets each message, whose memory is its own or that of the frame
   * @returns why the payload is invalid
   */
  read(frame: Buffer, from: number, receive: (message: Buffer) => void): string | undefined {
    this.received++;
    this.#missing = 0;
    for (let at = from; at < frame.length;) {
      if (frame.length - at < PART_BYTES) return 'a frame ends early';
      const head = frame.readUInt32LE(at);
      const length = head & ~LAST_PART;
      at += PART_BYTES;
      if (frame.length - at < length) return 'a frame ends early';
      const part = frame.subarray(at, at + length);
      at += length;
      this.#partBytes += length;
      if (this.#partBytes > this.maxMessageBytes) return `a message is longer than ${this.maxMessageBytes} bytes`;
      if (head >>> 31 === 0) {
        this.#parts.push(part);
        continue;
      }
      const message = this.#parts.length === 0 ? part : Buffer.concat([...this.#parts, part]);
      this.#parts = [];
      this.#partBytes = 0;
      receive(message);
    }
    return undefined;
  }
}
