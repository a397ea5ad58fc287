import type { Link } from '../outbox/link.js';
import { ShortFrames } from '../wire/short-frames.js';
import type { Session } from './session.js';

const frames = new ShortFrames();

/**
 * Shows a silent client that the server is alive. The frame repeats what the client was told last, so it may overtake
 * everything that is queued for the client: it is written directly, which costs no more than a ping.
 */
export function writeBeat(link: Link, session: Session, mustAnswer: boolean): void {
  link.write(frames.encode(session.repeatTold(mustAnswer))!);
  if (link.isBuffering) frames.giveAway();
}
