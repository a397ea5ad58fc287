import type { Frame } from '../wire/frame.js';
import type { Link } from './link.js';

/** A member's entry in an outbox, made by `join`. Other fields belong to the outbox that made it. */
export interface Outlet {
  readonly link: Link;
}

/**
 * Sends a room's messages. Each member gets its messages in the order of the sends, broadcast and direct mixed. A member
 * that falls too far behind is dropped and does not slow down the others.
 *
 * An implementation
 * - MUST give a member exactly what was sent to it between its `join` and its `leave`; frames still queued when it leaves need
 *   not be written;
 * - MUST ignore what is sent to an outlet that has left;
 * - MUST leave out a volatile frame for a link that `skipsVolatile` when the frame is written;
 * - MUST write a frame to all members before it calls `DropMember`, which may send again, and MUST call it once per member;
 * - MUST NOT call anything else while it is being called, except the link and, in `after`, the action;
 * - MUST NOT keep a reference to an outlet that has left.
 *
 * Callers MUST pass only outlets that this outbox has made.
 */
export interface Outbox {
  /** The link gets broadcasts from now on. */
  join(link: Link): Outlet;
  /** Discards what is still queued for the member. A second call does nothing. */
  leave(outlet: Outlet): void;
  broadcast(frame: Frame): void;
  /** Sends to every member except these. */
  broadcastExcept(frame: Frame, excluded: readonly Outlet[]): void;
  /** Sends to this member only. */
  sendTo(frame: Frame, outlet: Outlet): void;
  /** Sends a text to this member only. */
  sendText(text: string, outlet: Outlet): void;
  /** Sends to these members only. */
  send(frame: Frame, outlets: readonly Outlet[]): void;
  /** Sends to one member, without other frames in between. */
  sendAll(frames: readonly Frame[], outlet: Outlet): void;
  /** Runs `action` after everything that was sent so far. At once, unless messages wait for a commit. */
  after(action: () => void): void;
  /** Messages wait for a commit. */
  readonly hasWaiting: boolean;
  /** Messages have to wait for a commit. */
  readonly isGated: boolean;
  /**
   * Sends to one member, without other frames in between, past the messages that wait for a commit.
   * @returns false if the member's join waits, too: nothing was sent
   */
  sendPast(frames: readonly Frame[], outlet: Outlet): boolean;
  /** Writes what is queued for this member, so that a direct write to its link comes after it. */
  flushTo(outlet: Outlet): void;
  /**
   * A chunk from a member has been read. Writes the queued frames now if they are all for single members and enough members
   * have some: these replies need not wait for the end of the tick. Not if the application gathers sends for longer. In a
   * large room the member is among the first in the next slice.
   */
  chunkRead(outlet: Outlet): void;
  /** Bytes queued here for the member. */
  queuedBytes(outlet: Outlet): number;
}

/** Called for a member that is too far behind: its unsent bytes would exceed the limit. */
export type DropMember = (link: Link) => void;
