import { controlFrame, PING } from './control-frame.js';
import { FIN, TEXT } from './frame.js';

/** An empty text message. */
const BEAT = Buffer.from([FIN | TEXT, 0]);
const BEAT_AND_PING = Buffer.concat([BEAT, controlFrame(PING, Buffer.alloc(0))]);

export function beatFrame(hasPing: boolean): Buffer {
  return hasPing ? BEAT_AND_PING : BEAT;
}

/** The same acknowledgement, and empty texts directly after it are beats. @param acknowledgement `{"jamsocket":"<token>",…}` */
export function announcing(acknowledgement: string): string {
  return `${acknowledgement.slice(0, -1)},"beats":true}`;
}

/** @returns whether the first of these frames looks like a beat */
export function isEmptyText(frames: Buffer): boolean {
  return frames[1] === 0 && frames[0] === BEAT[0];
}
