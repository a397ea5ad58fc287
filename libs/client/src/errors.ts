/**
 * - `queue_full`: there is no connection, and `maxQueuedMessages` or `maxQueuedBytes` is reached.
 * - `timeout`: no reply in time. The room may or may not have handled the request.
 * - `aborted`: the request's `signal` was aborted.
 * - `connection_lost`: the client lost its place in the room before the reply arrived.
 * - `closed`: the client has left the room, or will not reconnect.
 * - `exception`: the room answered a request with an `exception`.
 * - `invalid`: with `validate: true`, data that does not match the contract's schema.
 * - `bad_close`: a close code or reason that WebSocket does not allow.
 */
export type RoomErrorCode =
  'queue_full' | 'timeout' | 'aborted' | 'connection_lost' | 'closed' | 'exception' | 'invalid' | 'bad_close';

/** One mistake in data, whichever validator found it. */
export interface Issue {
  /** Where it is: keys and indexes from the outside in. Empty for the data as a whole. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `data` of an `exception` event. */
export interface Exception {
  readonly status: 'error';
  /**
   * For programs: the code of the exception, or `invalid` (the data of the message), `forbidden` (a guard), `unknown_event`,
   * `bad_message`, `bad_id`, `internal` (an error of the server), `refused` (any other `WsException`), or the name of an HTTP
   * status such as `not_found`.
   */
  readonly code: string;
  readonly message: string;
  /** With invalid data: what is wrong with it. At most 20. */
  readonly issues?: readonly Issue[];
  readonly [more: string]: unknown;
}

/** Every error of this package has this class; `code` tells them apart. */
export class RoomError extends Error {
  override readonly name = 'RoomError';

  constructor(
    readonly code: RoomErrorCode,
    message: string,
    /** The mistakes in the data: with `invalid`, and with `exception` if the room found the data invalid. */
    readonly issues?: readonly Issue[],
    /** With `exception`: its `data`, as the room sent it. */
    readonly exception?: Exception,
  ) {
    super(message);
  }
}
