import type { Frame } from '../wire/frame.js';
import type { Link } from './link.js';

/** A member's entry in an outbox, made by `join`. All else in it is for the outbox that made it. */
export interface Outlet {
  readonly link: Link;
}

/**
 * The one way out of a room. Each member gets what was sent to it in the order of the sends, whatever mix of
 * broadcast and direct; a member that falls too far behind is dropped and costs the others nothing.
 *
 * An implementation
 * - MUST give a member exactly what was sent to it from its `join` to its `leave`, and MUST ignore what is sent to an outlet that
 *   has left; what is queued for it when it leaves need not be written;
 * - MUST leave out a volatile frame for a link that `skipsVolatile` when the frame is written;
 * - MUST give everyone what was sent before it calls `DropSlow`, which may send again, and MUST call it once for a member;
 * - MUST NOT call anything else while it is being called, except the link and, in `after`, the action;
 * - MUST NOT keep a reference to an outlet that has left.
 *
 * Its callers MUST give it only outlets that it has made.
 */
export interface Outbox {
  /** From now on the link gets broadcasts. */
  join(link: Link): Outlet;
  /** What is still queued for the member is discarded. A second call does nothing. */
  leave(outlet: Outlet): void;
  broadcast(frame: Frame): void;
  /** To every member except these. */
  broadcastExcept(frame: Frame, excluded: readonly Outlet[]): void;
  /** To this member only. */
  sendTo(frame: Frame, outlet: Outlet): void;
  /** A text to this member only. */
  sendText(text: string, outlet: Outlet): void;
  /** To these members only. */
  send(frame: Frame, outlets: readonly Outlet[]): void;
  /** To one member, with nothing in between. */
  sendAll(frames: readonly Frame[], outlet: Outlet): void;
  /** Runs `action` after everything that was sent so far: at once, unless something keeps that back. */
  after(action: () => void): void;
  /** Something that was sent is kept back, for longer than a tick. */
  readonly isHolding: boolean;
  /** To this member only, and without waiting for what is kept back. Ignored while its joining is. */
  sendPast(frame: Frame, outlet: Outlet): void;
  /** Writes out what is queued for this member, so that what follows by another way comes after it. */
  flushTo(outlet: Outlet): void;
  /**
   * A chunk of a member has been read. Writes out what is queued if it is for single members and enough of them have
   * got something: the answers of a tick need not all wait for its end, unless the application wants its sends
   * gathered for longer. In a large room the member is among the first that are written to next.
   */
  chunkRead(outlet: Outlet): void;
  /** Bytes queued here for the member. */
  queuedBytes(outlet: Outlet): number;
}

/** Called for a member whose buffer would outgrow its limit. */
export type DropSlow = (link: Link) => void;
