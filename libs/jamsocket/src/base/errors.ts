/**
 * A mistake of the caller, or something the caller asked for that cannot be done.
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

export type JamsocketErrorCode =
  | 'bad_configuration'
  | 'bad_close_code'
  | 'bad_recipient'
  | 'bad_room_id'
  | 'bad_timer'
  | 'handler_timeout'
  | 'no_room_context'
  | 'not_a_room_service'
  | 'room_exists'
  | 'room_invokes_itself'
  | 'room_not_found'
  | 'room_stopped'
  | 'unknown_timer';

/** A mistake found while the application boots: the message names the class, the method, the mistake and the cure. */
export class JamsocketConfigurationError extends JamsocketError {
  constructor(message: string) {
    super('bad_configuration', message);
    this.name = 'JamsocketConfigurationError';
  }
}

/**
 * Why the front door stays shut. Every refusal becomes an HTTP answer with this status
 * and a JSON body `{ statusCode, code, message }`.
 */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: RefusalCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RefusedError';
  }
}

export type RefusalCode =
  | 'bad_handshake'
  | 'bad_room_id'
  | 'bad_url'
  | 'draining'
  | 'guard'
  | 'guard_failed'
  | 'handshake_timeout'
  | 'no_such_room'
  | 'no_such_service'
  | 'origin'
  | 'room_busy'
  | 'room_exists'
  | 'room_failed'
  | 'room_full'
  | 'server_full'
  | 'subprotocol'
  | 'superseded'
  | 'too_many_connections'
  | 'too_many_connects'
  | 'too_many_rooms';
