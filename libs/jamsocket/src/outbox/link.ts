import type { Frame } from '../wire/frame.js';

/**
 * What a member's connection is to its room and to the room's outbox. A socket of this process is one kind of link; a
 * client whose socket is on another node has another kind.
 *
 * A link belongs to one client at a time, its sink (`ConnectionSink`): there it delivers what its peer sends, and tells how it ended.
 *
 * An implementation
 * - MUST send what it is given in the order of the calls of `write`, `writeFrame`, `close`, whichever they are;
 * - MUST copy what it has not sent when `write` returns, or say that it `isHolding` the bytes;
 * - MUST bound what waits in it: `write` and `writeFrame` return false, having taken none of the frame that was too much;
 * - MUST tell the sink of its end exactly once, and MUST do so before `close`, `drop` or `terminate` returns if that ends it;
 * - MUST do nothing in any method once it has ended, except that `write` and `writeFrame` return true;
 * - MUST NOT deliver anything after its end, or while it is paused, except what it had already received when its peer was lost;
 * - MUST NOT throw.
 */
export interface Link {
  /**
   * Sends whole frames. The caller reuses the memory of `bytes` unless the link `isHolding` it.
   * @returns false if the peer is too far behind and has to be dropped
   */
  write(bytes: Buffer): boolean;
  /** Sends one message at once, in a write of its own. @returns as `write` */
  writeFrame(frame: Frame): boolean;
  /** The link may still refer to the memory that was written last. */
  readonly isHolding: boolean;
  /** Bytes that were written and have not left this process; those in an outbox are not counted. */
  readonly bufferedBytes: number;
  /** Something that was written has not left yet. */
  readonly isBehind: boolean;
  /** It goes without volatile frames at the moment: it is behind, and does not keep them. */
  readonly skipsVolatile: boolean;
  /** It gets volatile frames even while it is behind, since its room decides who gets each of them; its sink is told when it falls behind. */
  keepsVolatile: boolean;

  /** Stops reading from the peer. */
  pause(): void;
  resume(): void;
  readonly isPaused: boolean;
  /** When anything was last heard from the peer: milliseconds on the clock. */
  readonly lastHeard: number;
  /** The peer sends heartbeats of its own, so it need not be pinged as early. */
  beats: boolean;
  /** The peer has broken the protocol. */
  readonly hasFailed: boolean;

  /** Starts the closing handshake, after everything written so far. */
  close(code: number, reason?: string): void;
  /** Closes a peer that does not read: what waits for it is discarded. */
  drop(code: number, reason: string): void;
  /** Cuts the connection without a closing handshake. The sink hears of code 1006. */
  terminate(reason: string): void;
  /** The socket has closed, which may be a while after the end of which the sink was told. */
  readonly hasEnded: boolean;
  /** Resolves when the socket has closed. */
  readonly ended: Promise<void>;
}
