/** State of a client and its connection. `room.connection` is the current one; `room.onStatus` listens to changes. */
export type RoomState = ConnectingState | OpenState | ReconnectingState | ClosedState;

/** `connecting`, `open`, `reconnecting` or `closed`. */
export type RoomStatus = RoomState['status'];

/** Not in the room yet. */
export interface ConnectingState {
  readonly status: 'connecting';
}

/** In the room. */
export interface OpenState {
  readonly status: 'open';
  /** The client's id in the room; undefined if the server does not speak `jamsocket.v1`. */
  readonly clientId: number | undefined;
  /** Whether the client has resumed. If not, it has joined as a new client. */
  readonly resumed: boolean;
  /** Whether the server keeps the client's place if the connection is lost. */
  readonly resumable: boolean;
  /**
   * Why the client could not resume. `gap`: the missed messages are no longer kept. `restored`: the room was restored from
   * a save older than what the client has seen. `unknown`: the server no longer knows the client. Undefined if it did not
   * try.
   */
  readonly lost?: 'gap' | 'restored' | 'unknown';
  /**
   * Number of messages of the previous client that were sent but not acknowledged: the room may or may not have handled
   * them, and they are not sent again. Undefined if the server does not acknowledge messages.
   */
  readonly unconfirmed?: number;
}

/** The connection is lost or failed; the next attempt is scheduled or under way. */
export interface ReconnectingState {
  readonly status: 'reconnecting';
  /** 1 for the first attempt after a connection that lasted. */
  readonly attempt: number;
  /** Milliseconds from this change of state to the attempt. */
  readonly inMs: number;
  /** Close code of the connection; 1006 if it was cut or failed. */
  readonly code: number;
  readonly reason: string;
}

/** Final: there are no further attempts. */
export interface ClosedState {
  readonly status: 'closed';
  readonly code: number;
  /** The close reason; for a refusal its code, such as `unauthorized`. */
  readonly reason: string;
  /**
   * - `left`: closed by `room.close()` or the `signal`
   * - `refused`: the client was refused before it was in the room
   * - `ended`: closed by the server with a code after which reconnecting would not help
   */
  readonly cause: 'left' | 'refused' | 'ended';
  /** Number of messages that were sent but not acknowledged. Undefined if the server does not acknowledge messages. */
  readonly unconfirmed?: number;
  /** Number of messages that waited for a connection and were never sent. */
  readonly unsent: number;
}
