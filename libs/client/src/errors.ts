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

/** One mistake that a schema found. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (string | number)[];
}

/** `data` of an `exception` event. */
export interface Exception {
  readonly status: string;
  readonly message: unknown;
  /** Present if a schema refused the message. */
  readonly issues?: readonly Issue[];
  readonly [more: string]: unknown;
}

/** Every error of this package has this class; `code` tells them apart. */
export class RoomError extends Error {
  override readonly name = 'RoomError';

  constructor(
    readonly code: RoomErrorCode,
    message: string,
    /** The mistakes that the schema found: with `invalid`, and with `exception` if a schema was the reason. */
    readonly issues?: readonly Issue[],
    /** With `exception`: its `data`, as the room sent it. */
    readonly exception?: Exception,
  ) {
    super(message);
  }
}
