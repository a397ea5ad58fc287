import type { Connection } from '../wire/connection.js';
import type { Frame } from '../wire/frame.js';

/**
 * The one way out of a room. Each member gets what was sent to it in the order of the sends, whatever mix of
 * broadcast and direct; a member that falls too far behind is dropped and costs the others nothing.
 */
export interface Outbox {
  /** From now on `connection` gets broadcasts. */
  join(connection: Connection): void;
  /** What is still queued for `connection` is let go. */
  leave(connection: Connection): void;
  broadcast(frame: Frame): void;
  /** To every member but these. */
  broadcastExcept(frame: Frame, excluded: readonly Connection[]): void;
  /** To this member only. */
  sendTo(frame: Frame, connection: Connection): void;
  /** A text to this member only. */
  sendText(text: string, connection: Connection): void;
  /** To these members only. */
  send(frame: Frame, connections: readonly Connection[]): void;
  /** To one member, with nothing in between. */
  sendAll(frames: readonly Frame[], connection: Connection): void;
  /** Runs `action` behind everything that was sent so far: at once, unless something keeps that back. */
  after(action: () => void): void;
  /** Writes out what is queued for this member, so that what follows by another way comes after it. */
  flushTo(connection: Connection): void;
  /**
   * A chunk of a member has been read. Writes out what is queued if it is for single members and enough of them have
   * got something: the answers of a turn need not all wait for its end, unless the application wants its sends
   * gathered for longer. In a large room the member is among the first that are written to next.
   */
  chunkRead(connection: Connection): void;
  /** Bytes queued here for `connection`. */
  queuedBytes(connection: Connection): number;
}

/** Called for a member whose buffer would outgrow its limit. */
export type DropSlow = (connection: Connection) => void;
