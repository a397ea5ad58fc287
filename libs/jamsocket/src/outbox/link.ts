import type { ConnectionSink } from '../wire/connection-sink.js';
import type { Frame } from '../wire/frame.js';

/**
 * A member's connection, as its room and the room's outbox see it. A socket of this process is one kind of link; a client
 * whose socket is on another node has another kind.
 *
 * A link belongs to one client at a time, its sink (`ConnectionSink`). It gives the sink the messages of the peer and tells it
 * how the connection ended.
 *
 * An implementation
 * - MUST send in the order of the calls of `write`, `writeFrame` and `close`;
 * - MUST have sent or copied the bytes when `write` returns, or report `isBuffering`;
 * - MUST bound its unsent bytes: `write` and `writeFrame` return false and take nothing of the frame that exceeds the limit. If
 *   they wait in another process, that process drops the peer instead, and the link ends;
 * - MUST tell the sink of its end exactly once, before `close`, `drop` or `terminate` returns if that call ends it;
 * - MUST do nothing in any method once it has ended, except that `write` and `writeFrame` return true;
 * - MUST NOT deliver messages after its end or while it is paused, except those received before the peer was lost;
 * - MUST NOT throw.
 */
export interface Link {
  /**
   * Sends whole frames. The caller reuses the memory of `bytes` unless the link `isBuffering`.
   * @returns false if the peer is too far behind and has to be dropped
   */
  write(bytes: Buffer): boolean;
  /** Sends one message at once, in a separate write. @returns as `write` */
  writeFrame(frame: Frame): boolean;
  /** The link may still reference the bytes of the last write. */
  readonly isBuffering: boolean;
  /** Written bytes that have not left this process. Bytes in an outbox are not counted. */
  readonly bufferedBytes: number;
  /** There are unsent bytes. */
  readonly isBehind: boolean;
  /** Leave out volatile frames for this link: it is behind and does not keep them. */
  readonly skipsVolatile: boolean;
  /** Set if the room itself picks the recipients of volatile frames. The sink is then told when the link falls behind. */
  keepsVolatile: boolean;

  /** Gives what comes to another sink from now on. Only links of this process have it. */
  handTo?(sink: ConnectionSink): void;
  /** Stops reading from the peer. */
  pause(): void;
  resume(): void;
  readonly isPaused: boolean;
  /** When the last bytes came from the peer: milliseconds on the clock. */
  readonly lastHeard: number;
  /**
   * The peer has shown that it speaks `jamsocket.v1`. From now on the link tells the sink (`connectionQuiet`) when nothing was
   * sent to the peer for a while, instead of pinging the peer.
   */
  startBeats(): void;
  /** The peer has broken the protocol. */
  readonly hasFailed: boolean;

  /** Starts the closing handshake, after everything written so far. */
  close(code: number, reason?: string): void;
  /** Closes a peer that does not read. Unsent bytes are discarded. */
  drop(code: number, reason: string): void;
  /** Cuts the connection without a closing handshake. The sink gets code 1006. */
  terminate(reason: string): void;
  /** The socket has closed. That may be some time after the sink was told of the end. */
  readonly hasEnded: boolean;
  /** Resolves when the socket has closed. */
  readonly ended: Promise<void>;
}
