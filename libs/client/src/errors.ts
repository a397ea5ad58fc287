/**
 * - `queue_full`: there is no connection, and `maxQueuedMessages` or `maxQueuedBytes` messages wait for one already.
 * - `timeout`: no reply within the time a request has. Whether the room has handled it is not known.
 * - `aborted`: the request's `signal` was aborted.
 * - `connection_lost`: the client has lost its place in the room before the reply came.
 * - `closed`: the room was left, or will not be connected to again.
 * - `exception`: the room answered a request with an `exception`.
 * - `invalid`: with `validate: true`, what does not fit the contract's schema.
 * - `bad_close`: a close code or reason that WebSocket does not allow.
 */
export type RoomErrorCode =
  'queue_full' | 'timeout' | 'aborted' | 'connection_lost' | 'closed' | 'exception' | 'invalid' | 'bad_close';

/** One complaint of a schema. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (string | number)[];
}

/** `data` of an `exception` event. */
export interface Exception {
  readonly status: string;
  readonly message: unknown;
  /** If a schema refused the message. */
  readonly issues?: readonly Issue[];
  readonly [more: string]: unknown;
}

/** Every error of this package; `code` says which. */
export class RoomError extends Error {
  override readonly name = 'RoomError';

  constructor(
    readonly code: RoomErrorCode,
    message: string,
    /** What the schema complained about: with `invalid`, and with `exception` if that was the reason. */
    readonly issues?: readonly Issue[],
    /** With `exception`: its `data`, as the room sent it. */
    readonly exception?: Exception,
  ) {
    super(message);
  }
}
