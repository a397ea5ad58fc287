import type { BackoffOptions } from './backoff.js';
import type { WebSocketClass } from './platform.js';
import { checkNumbers } from './timers.js';

/** How a client joins a room and stays in it. All times are in milliseconds, from 0 to Infinity (no limit). */
export interface RoomOptions {
  /** Parameters to add to the query of the URL. */
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Called before every attempt to connect, and on an open connection before the server's `client.setAuth({ expiresAt })`
   * ends. Guards of `@OnConnect` find its result in `client.request.token`; for `undefined` no token is sent. A rejection, or
   * no result within `connectTimeoutMs`, counts as a failed attempt; on an open connection the server asks again.
   */
  readonly token?: () => string | undefined | Promise<string | undefined>;
  /**
   * Where to send the token. `query`: as `token` in the query of the URL, which any server can read. `subprotocol`: in a
   * subprotocol entry, which servers and proxies do not log, but only `nestjs-jamsocket` can read. Default `query`.
   */
  readonly tokenIn?: 'query' | 'subprotocol';
  /** Default: the global `WebSocket`. Node has one since version 22; before, pass the class of `ws`. */
  readonly WebSocket?: WebSocketClass;
  readonly backoff?: BackoffOptions;
  /** Whether to ask the server for `jamsocket.v1`. Without it, a lost connection loses messages. Default `true`. */
  readonly resume?: boolean;
  /** Most messages that wait for a connection. Default 1,000. */
  readonly maxQueuedMessages?: number;
  /** Most bytes that wait for a connection. Default 1 MiB. */
  readonly maxQueuedBytes?: number;
  /** Time for a reply, from the call of `request`, with or without a connection. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Time for each step of connecting: the token, the connection, the server's first frame. Default 4,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Longest time until a dead connection is detected. Default 10,000, or the interval of the server's pings if that is
   * longer. The client asks the server when a beat of the server is overdue; if the beats are too rare for this bound, after
   * a silence of 65 % of it. With 0 or Infinity it asks only for other reasons, such as a page that was frozen or a request
   * that timed out.
   */
  readonly heartbeatMs?: number;
  /** Leaves the room when aborted. */
  readonly signal?: AbortSignal;
  /** If `false`, the client connects only after `room.connect()`. Default `true`. */
  readonly autoConnect?: boolean;
}

/** @throws TypeError that names an option that is not a number from 0 to Infinity */
export function checkOptions(options: RoomOptions): void {
  const { backoff, connectTimeoutMs, requestTimeoutMs, heartbeatMs, maxQueuedMessages, maxQueuedBytes } = options;
  checkNumbers({ connectTimeoutMs, requestTimeoutMs, heartbeatMs, maxQueuedMessages, maxQueuedBytes });
  checkNumbers({ 'backoff.minMs': backoff?.minMs, 'backoff.maxMs': backoff?.maxMs });
}

/** The room's URL with query and token. */
export function addressOf(url: URL, query: RoomOptions['query'], token: string | undefined): string {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, String(value));
  if (token !== undefined) address.searchParams.set('token', token);
  return address.href;
}
