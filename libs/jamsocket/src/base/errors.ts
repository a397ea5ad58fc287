import { HttpException } from '@nestjs/common';

/**
 * A mistake in the code that calls the library. In an HTTP handler Nest answers it with 500 and logs it.
 * `code` is stable and meant for programs; `message` names what went wrong and the cure.
 */
export class JamsocketError extends Error {
  constructor(
    readonly code: JamsocketErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'JamsocketError';
  }
}

/** Codes of a JamsocketError: mistakes in the code that calls the library. docs/errors.md has the cure for each. */
export type JamsocketErrorCode =
  | 'bad_auth'
  | 'bad_configuration'
  | 'bad_arguments'
  | 'bad_client_data'
  | 'bad_close_code'
  | 'bad_presence'
  | 'bad_recipient'
  | 'bad_result'
  | 'bad_state'
  | 'bad_timer'
  | 'handler_timeout'
  | 'message_too_large'
  | 'no_presence'
  | 'no_room_context'
  | 'no_workers'
  | 'not_a_room_service'
  | 'reserved_event'
  | 'room_invokes_itself'
  | 'state_too_large'
  | 'unknown_timer';

/** A mistake found while the application boots: the message names the class, the method, the mistake and the cure. */
export class JamsocketConfigurationError extends JamsocketError {
  constructor(message: string) {
    super('bad_configuration', message);
    this.name = 'JamsocketConfigurationError';
  }
}

/**
 * A request that is refused although the code is correct: a refused connect, or a room that does not exist. The HTTP
 * answer, for an upgrade or for a request whose handler throws this, has the status and `{ statusCode, code, message }`.
 */
export class RefusedError extends HttpException {
  constructor(
    status: number,
    /** Stable and meant for programs. */
    readonly code: RefusalCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super({ statusCode: status, code, message }, status, options);
  }
}

/** The room was closed in its `@OnCreate`. Clients that waited for it get this close instead of an HTTP answer. */
export class RoomClosedError extends RefusedError {
  constructor(
    room: string,
    readonly close: { readonly code: number; readonly reason: string },
  ) {
    const { reason } = close;
    super(410, 'room_closed', `Room "${room}" was closed while it was created${reason && `: ${reason}`}`);
  }
}

/** Another node of the cluster owns the room. Clients and callers are led there, so they do not see this error. */
export class RoomElsewhereError extends RefusedError {
  constructor(
    room: string,
    /** The incarnation of the node that owns it. */
    readonly owner: string,
  ) {
    super(503, 'room_moved', `Room "${room}" is on another node.`, { 'Retry-After': '1' });
  }
}

/** Codes of a RefusedError. docs/errors.md has the status, the close code and the reason of each. */
export type RefusalCode =
  | 'auth_expired'
  | 'bad_handshake'
  | 'bad_room_id'
  | 'bad_url'
  | 'cluster_unavailable'
  | 'draining'
  | 'guard'
  | 'guard_failed'
  | 'handshake_timeout'
  | 'no_such_room'
  | 'no_such_service'
  | 'node_unavailable'
  | 'origin'
  | 'room_busy'
  | 'room_closed'
  | 'room_exists'
  | 'room_failed'
  | 'room_full'
  | 'room_moved'
  | 'room_not_found'
  | 'room_stopped'
  | 'room_unreadable'
  | 'server_full'
  | 'store_unavailable'
  | 'subprotocol'
  | 'superseded'
  | 'too_many_connections'
  | 'too_many_connects'
  | 'too_many_rooms'
  | 'upgrade_required';
