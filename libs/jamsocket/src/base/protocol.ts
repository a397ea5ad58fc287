/**
 * Definitions of `jamsocket.v1` that server and client share; docs/protocol.md describes the protocol. This file must
 * not import anything, since the browser client includes it.
 */

/** Name of the subprotocol. */
export const PROTOCOL = 'jamsocket.v1';

/** A client that wants to resume offers this as a further subprotocol, followed by `<token>.<count>`. */
export const RESUME_PREFIX = 'jamsocket.resume.';

/**
 * Offered before `jamsocket.v1`. A server that does not know our subprotocols and selects the first one offered (as `ws`
 * and Nest's gateways do) selects this one: the client then knows that no welcome follows. A client that wants no
 * welcome offers it without `jamsocket.v1`.
 */
export const PLAIN = 'jamsocket.plain';

/** A client that sends its token outside the URL offers this as a further subprotocol, followed by the encoded token. */
export const TOKEN_PREFIX = 'jamsocket.token.';

/** Percent-encodes the token, which leaves a JWT unchanged. Parentheses are not allowed in a subprotocol. */
export function tokenEntry(token: string): string {
  return TOKEN_PREFIX + encodeURIComponent(token).replace(/[()]/g, (char) => (char === '(' ? '%28' : '%29'));
}

/** The server's first frame. */
export interface Welcome {
  /** The resume token of this connection. */
  readonly jamsocket: string;
  /** The client's id in the room. */
  readonly client: number;
  /** Whether this connection resumed an earlier one. */
  readonly resumed: boolean;
  /** Number of this client's data frames that the server has received. The client sends all later ones again. */
  readonly received: number;
  /** Number of them that the room has handled; the others wait in its mailbox. */
  readonly handled: number;
  /** Milliseconds for which the server keeps the client's place after a lost connection; 0 if it does not. */
  readonly windowMs: number;
  /**
   * Milliseconds between the server's pings; 0 if it sends none. Absent from earlier servers, which handle the client's
   * heartbeat as a message to the room instead of answering it.
   */
  readonly heartbeatMs?: number;
  /** The client hears something at least this often, in milliseconds. 0 or absent if there is no such promise. */
  readonly beatMs?: number;
  /**
   * Why a resume failed. `gap`: the missed messages are no longer kept. `restored`: the room was restored from a save
   * older than what the client has seen. `unknown`: the token is unknown.
   */
  readonly lost?: 'gap' | 'restored' | 'unknown';
}

/** A frame of the server that is not a message of the room. Its text begins with `controlPrefix(token)`. */
export interface ControlFrame {
  readonly jamsocket: string;
  /** How many of the client's messages the room has handled. */
  readonly handled?: number;
  /** Empty text frames that follow directly are beats: they show that the server is there, and are not messages. */
  readonly beats?: true;
  /** The client must not count the data frame that follows. */
  readonly uncounted?: true;
  /** The client's authentication ends soon: it answers with `authAnswer(token, …)`. */
  readonly auth?: true;
}

/** Text frames of the server that begin with this belong to the protocol and are not messages of the room. */
export function controlPrefix(token: string): string {
  return `{"jamsocket":"${token}",`;
}

/**
 * The client's first frame on every connection. Later ones are heartbeats; the server answers with an acknowledgement.
 * @param takesUncounted the client knows `uncounted` and `beats`. It may say so if the welcome has `beatMs`
 */
export function confirmation(token: string, takesUncounted = false): string {
  return `{"jamsocket":"${token}"${takesUncounted ? ',"uncounted":true' : ''}}`;
}

/** The client's answer to a control frame with `auth`. @param credential the application's token, as for a new connection */
export function authAnswer(token: string, credential: string): string {
  return `${controlPrefix(token)}"auth":${JSON.stringify(credential)}}`;
}

/** A data frame of the server that asks the client's application; the client answers with `requestAnswer`. */
export interface RequestFrame {
  readonly jamsocket: typeof REQUEST;
  readonly id: string;
  readonly event: string;
  readonly data?: unknown;
}

export const REQUEST = 'request';

/** Data frames of the client that begin with this answer a request: the room does not see them. */
export const ANSWER_PREFIX = '{"jamsocket":"answer",';

/** The answer to a request: `{ data }`, or `{ error }` if the client has no answer. */
export function requestAnswer(id: string, answer: { readonly data?: unknown; readonly error?: string }): string {
  return JSON.stringify({ jamsocket: 'answer', id, ...answer });
}

/** Close reason of a refused upgrade, as JSON. */
export interface RefusalReason {
  /** The same as in the body of the HTTP answer. */
  readonly code: string;
  /** Seconds after which the client may try again. */
  readonly retryAfter?: number;
}

/** The close codes of RFC 6455 and IANA, and our own. */
export const CloseCode = {
  /** RFC 6455 section 7.4.1 */
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never sent: the connection ended without a close frame. */
  abnormal: 1006,
  invalidPayload: 1007,
  policy: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  /** IANA WebSocket close code registry */
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  notFound: 4404,
  timeout: 4408,
  conflict: 4409,
  tooMany: 4429,
} as const;

/** The close code for an upgrade that is refused with this HTTP status. */
export function closeCodeFor(status: number): number {
  if (status >= 400 && status < 500) return 4000 + status;
  return status === 503 ? CloseCode.tryAgainLater : CloseCode.internalError;
}

/** Close codes of temporary failures. */
const RETRYABLE: readonly number[] = [
  CloseCode.goingAway,
  1005,
  CloseCode.abnormal,
  CloseCode.internalError,
  CloseCode.serviceRestart,
  CloseCode.tryAgainLater,
  1014,
  CloseCode.timeout,
  CloseCode.tooMany,
];

/**
 * Whether a client should connect again after a close with this code. It should not after a normal close, a mistake of
 * its own or a code of the application: it was asked to leave, or it would be refused again.
 */
export function shouldReconnect(code: number): boolean {
  return RETRYABLE.includes(code);
}

/** Why a resume failed. */
export type Lost = NonNullable<Welcome['lost']>;
