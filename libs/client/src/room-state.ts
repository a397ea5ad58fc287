/** Where a room's client stands. `room.state` has the present one; `room.onStatus` hears of every change. */
export type RoomState = ConnectingState | OpenState | ReconnectingState | ClosedState;

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
  /** Whether it is the client it was before. If not, the room has seen a new one join. */
  readonly resumed: boolean;
  /** Whether the client will keep its place should the connection be lost. */
  readonly resumable: boolean;
  /**
   * Why it could not resume: what it had missed is no longer kept (`gap`), or the server knows nothing of it any more
   * (`unknown`). Undefined if it has not tried.
   */
  readonly lost?: 'gap' | 'restored' | 'unknown';
  /**
   * Messages of the client it was before that had been sent and not been acknowledged: the room may have handled them
   * or not, and they are not sent again. Undefined if nobody has counted.
   */
  readonly unconfirmed?: number;
}

/** The connection is lost, or could not be made; the next attempt is scheduled or under way. */
export interface ReconnectingState {
  readonly status: 'reconnecting';
  /** 1 for the first attempt after the last connection that has lasted. */
  readonly attempt: number;
  /** Milliseconds from the change to this attempt. */
  readonly inMs: number;
  /** Close code of what ended; 1006 if the connection was cut or could not be made. */
  readonly code: number;
  readonly reason: string;
}

/** The end: there will be no other attempt. */
export interface ClosedState {
  readonly status: 'closed';
  readonly code: number;
  /** The close reason; of a refusal its code, such as `unauthorized`. */
  readonly reason: string;
  /**
   * - `left`: by `room.close()` or the `signal`
   * - `refused`: before the client was in the room
   * - `ended`: by the server, with a code after which connecting again would not help
   */
  readonly cause: 'left' | 'refused' | 'ended';
  /** Messages that had been sent and not been acknowledged. Undefined if nobody has counted. */
  readonly unconfirmed?: number;
  /** Messages that had waited for a connection and were never sent. */
  readonly unsent: number;
}
