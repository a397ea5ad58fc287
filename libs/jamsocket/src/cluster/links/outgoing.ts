import { MAX_RELAY_BYTES } from '../relay.js';
import { HEADROOM_BYTES, LAST_PART, PART_BYTES } from './link-frame.js';

/** Least bytes of a frame, unless nothing more is waiting: many small frames cost more than a short wait. */
const WORTHWHILE_BYTES = 512;

interface SentFrame {
  readonly sequence: number;
  readonly bytes: Buffer;
}

/** Messages on their way to one node: those that wait, and frames that the node has not confirmed. */
export class Outgoing {
  /** The same array for good: V8 would put a new one each tick among the old objects, where it keeps its dead messages in memory. */
  readonly #waiting: Buffer[] = [];
  /** Bytes of the first waiting message that have been sent. */
  #offset = 0;
  #waitingBytes = 0;
  /** The last message with room before it for the head of a frame. */
  #roomy: Buffer | null = null;
  #unconfirmed: SentFrame[] = [];
  #sentBytes = 0;
  #grant = 0;
  /** Number of the last frame. */
  sequence = 0;

  /** @param headBytes bytes of each frame before its payload */
  constructor(private readonly headBytes: number) {}

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** @param headroom free bytes before the message in its memory */
  add(message: Buffer, headroom: number): void {
    if (headroom >= HEADROOM_BYTES) this.#roomy = message;
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
  }

  /** @returns the bytes of the next frame's payload, as far as the other side can take it now; 0 if it cannot. Call `take` then. */
  next(): number {
    if (this.#waiting.length === 0) return 0;
    const room = Math.min(MAX_RELAY_BYTES, this.#grant - this.#sentBytes) - this.headBytes;
    if (room < Math.min(PART_BYTES + this.#waitingBytes, WORTHWHILE_BYTES)) return 0;
    let bytes = 0;
    let offset = this.#offset;
    for (const message of this.#waiting) {
      if (bytes + PART_BYTES >= room) break;
      bytes = Math.min(bytes + PART_BYTES + message.length - offset, room);
      offset = 0;
    }
    this.sequence++;
    return bytes;
  }

  /** @returns a frame with a payload of so many bytes, whose head is to be written: it counts as sent */
  take(bytes: number): Buffer {
    const frame = this.#takeInPlace(bytes) ?? this.#takeCopied(bytes);
    if (this.#waiting.length === 0) this.#roomy = null;
    this.#sentBytes += frame.length;
    this.#unconfirmed.push({ sequence: this.sequence, bytes: frame });
    return frame;
  }

  /** A message that is all that waits, with room for its head before it, is the frame. */
  #takeInPlace(bytes: number): Buffer | undefined {
    const [message] = this.#waiting;
    const isAll = this.#waiting.length === 1 && this.#offset === 0 && bytes === PART_BYTES + message.length;
    if (!isAll || message !== this.#roomy) return undefined;
    const ahead = this.headBytes + PART_BYTES;
    const frame = Buffer.from(message.buffer, message.byteOffset - ahead, ahead + message.length);
    frame.writeUInt32LE((message.length | LAST_PART) >>> 0, this.headBytes);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    return frame;
  }

  #takeCopied(bytes: number): Buffer {
    const frame = Buffer.allocUnsafe(this.headBytes + bytes);
    let taken = 0;
    for (let at = this.headBytes; at < frame.length;) {
      const message = this.#waiting[taken];
      const length = Math.min(message.length - this.#offset, frame.length - at - PART_BYTES);
      const end = this.#offset + length;
      const isLast = end === message.length;
      at = frame.writeUInt32LE(isLast ? (length | LAST_PART) >>> 0 : length, at);
      message.copy(frame, at, this.#offset, end);
      at += length;
      this.#waitingBytes -= length;
      this.#offset = isLast ? 0 : end;
      if (isLast) taken++;
    }
    if (taken === this.#waiting.length) this.#waiting.length = 0;
    else this.#waiting.splice(0, taken);
    return frame;
  }

  /** The other side has received frames up to this number, and accepts this many bytes in total. Old reports are ignored. */
  confirm(received: number, grant: number): void {
    this.#grant = Math.max(this.#grant, grant);
    let count = 0;
    while (count < this.#unconfirmed.length && this.#unconfirmed[count].sequence <= received) count++;
    if (count > 0) this.#unconfirmed.splice(0, count);
  }

  /** The frames after a number, to send them again. */
  after(received: number): readonly Buffer[] {
    return this.#unconfirmed.filter(({ sequence }) => sequence > received).map(({ bytes }) => bytes);
  }
}
