import { framesMessage } from '../peers/frame-messages.js';
import { TO_MIRROR } from '../peers/messages.js';
import type { Frame } from '../wire/frame.js';

/** What is gathered fits into one message of the relay (`MAX_RELAY_BYTES`). */
const MAX_BYTES = 60 * 1_024;

/** What one room has said to all of its clients at an edge since anything else was said to them: it goes there as one message. */
export class GatheredBroadcasts {
  #mirror = 0;
  /** The same array for good: V8 would put a new one each tick among the old objects, where it keeps its dead frames in memory. */
  readonly #frames: Frame[] = [];
  #bytes = 0;

  /** Whether a frame for this mirror can be added to what has been gathered. */
  fits(mirror: number, { bytes }: Frame): boolean {
    return this.#frames.length === 0 || (mirror === this.#mirror && this.#bytes + bytes <= MAX_BYTES);
  }

  /** @returns how many frames there are */
  add(mirror: number, frame: Frame): number {
    this.#mirror = mirror;
    this.#bytes += frame.bytes;
    return this.#frames.push(frame);
  }

  /** @returns the message, if there is one, to be sent with `HEADROOM_BYTES` */
  take(): Buffer | undefined {
    if (this.#frames.length === 0) return undefined;
    const message = framesMessage(TO_MIRROR.broadcasts, this.#mirror, this.#frames, this.#bytes);
    this.#frames.length = 0;
    this.#bytes = 0;
    return message;
  }
}
