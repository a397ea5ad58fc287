import { ShortFrames } from '../wire/short-frames.js';
import type { Link } from './link.js';

const frames = new ShortFrames();

/** Writes a text of at most 125 bytes past everything that is queued for the link. That costs no more than a ping. */
export function writeDirectly(link: Link, text: string): void {
  link.write(frames.encode(text)!);
  if (link.isBuffering) frames.giveAway();
}
