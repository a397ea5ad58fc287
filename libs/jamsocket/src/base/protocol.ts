/**
 * What server and client of `jamsocket.v1` have to agree on. docs/protocol.md describes the protocol. This file
 * imports nothing: the client is built with it.
 */

/** The subprotocol. */
export const PROTOCOL = 'jamsocket.v1';

/** A client that wants to go on where it was offers this as a further subprotocol, followed by `<token>.<count>`. */
export const RESUME_PREFIX = 'jamsocket.resume.';

/**
 * Offered before the protocol. Servers that know no subprotocols of ours and take the first they are offered (those
 * made with `ws`, Nest's among them) take this one, and so tell that there will be no welcome. A client that wants none
 * offers it alone, beside its token.
 */
export const PLAIN = 'jamsocket.plain';

/** A client that sends its token outside the URL offers this as a further subprotocol, followed by the encoded token. */
export const TOKEN_PREFIX = 'jamsocket.token.';

/** Percent-encoded, which leaves a JWT as it is; no subprotocol may have parentheses. */
export function tokenEntry(token: string): string {
  return TOKEN_PREFIX + encodeURIComponent(token).replace(/[()]/g, (char) => (char === '(' ? '%28' : '%29'));
}

/** The server's first frame. */
export interface Welcome {
  /** The resume token of this connection. */
  readonly jamsocket: string;
  /** The client's id in the room. */
  readonly client: number;
  /** Whether this connection goes on where another one ended. */
  readonly resumed: boolean;
  /** Data frames of this client that the server has received so far: what follows is to be sent again. */
  readonly received: number;
  /** The first of them, so many, have had their turns; the others wait for them in the room. */
  readonly handled: number;
  /** Milliseconds for which a lost client's place is kept; 0 if it is not. */
  readonly windowMs: number;
  /**
   * Milliseconds between the server's own pings, 0 without any. A server that says so answers the client's heartbeat;
   * earlier ones took it for a message to the room.
   */
  readonly heartbeatMs?: number;
  /** Why a resume was not possible: what was missed is no longer kept, or nobody knows the token. */
  readonly lost?: 'gap' | 'restored' | 'unknown';
}

/** What the server sends to say how much the room has handled. Its text begins with `controlPrefix(token)`. */
export interface Acknowledgement {
  readonly jamsocket: string;
  readonly handled: number;
}

/** Text frames of the server that begin with this are for the client itself and not from the room. */
export function controlPrefix(token: string): string {
  return `{"jamsocket":"${token}",`;
}

/** The client's first frame on every connection. Sent again it is the client's heartbeat, which an acknowledgement answers. */
export function confirmation(token: string): string {
  return `{"jamsocket":"${token}"}`;
}

/** The reason of a close that stands for a refused upgrade. */
export interface RefusalReason {
  /** As in the body of the HTTP answer. */
  readonly code: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** Close codes with a meaning of their own here, beside those of RFC 6455. */
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

/** The close code that stands for an HTTP status of a refused upgrade. */
export function closeCodeFor(status: number): number {
  if (status >= 400 && status < 500) return 4000 + status;
  return status === 503 ? CloseCode.tryAgainLater : CloseCode.internalError;
}

/** Codes after which connecting again can help. */
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
 * Whether a client should connect again after a close with this code. After a normal end, its own mistake or the
 * application's own codes it should not: the same thing would happen again, or it was asked to leave.
 */
export function shouldReconnect(code: number): boolean {
  return RETRYABLE.includes(code);
}

/** Why a client that wanted to resume begins anew. */
export type Lost = NonNullable<Welcome['lost']>;
