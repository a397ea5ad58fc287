import type { BackoffOptions } from './backoff.js';
import type { WebSocketClass } from './platform.js';
import { checkNumbers } from './timers.js';

/** How a client joins a room and stays in it. All times are in milliseconds, from 0 to Infinity, which is no limit. */
export interface RoomOptions {
  /** Added to the query of the URL. */
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Asked before every attempt to connect. The guards of `@OnConnect` find what it gives as `client.request.token`;
   * if that is undefined, none is sent. A rejection, or none within `connectTimeoutMs`, counts as a failed attempt.
   */
  readonly token?: () => string | undefined | Promise<string | undefined>;
  /**
   * Where the token goes: as `token` into the query of the URL, which any server can read, or into a subprotocol entry,
   * which servers and proxies do not log; for that the server has to be `nestjs-jamsocket`. `query` unless given.
   */
  readonly tokenIn?: 'query' | 'subprotocol';
  /** The global `WebSocket` unless given. Node has one from version 22 on; before that give the one of `ws`. */
  readonly WebSocket?: WebSocketClass;
  readonly backoff?: BackoffOptions;
  /** Whether to ask the server for `jamsocket.v1`; true unless given. Without it a lost connection loses its messages. */
  readonly resume?: boolean;
  /** Messages that may wait for a connection; 1,000 unless given. */
  readonly maxQueuedMessages?: number;
  /** Bytes that may wait for a connection; 1 MiB unless given. */
  readonly maxQueuedBytes?: number;
  /** How long a request waits for its reply, from the call on and whether there is a connection or not; 10,000 unless given. */
  readonly requestTimeoutMs?: number;
  /** How long each step to a connection may take: the token, the connection, the server's first frame; 4,000 unless given. */
  readonly connectTimeoutMs?: number;
  /**
   * For how long a dead connection may go unnoticed: after 65 % of it in silence the server is asked, and has 30 % of it
   * to answer. 10,000 unless given, or the time between the server's own pings if that is more. At 0 or Infinity the server
   * is asked only when there is another reason to doubt the connection.
   */
  readonly heartbeatMs?: number;
  /** Leaves the room when aborted. */
  readonly signal?: AbortSignal;
  /** If false, nothing is dialled before `room.connect()`. */
  readonly autoConnect?: boolean;
}

/** @throws TypeError naming the option that is no number from 0 to Infinity */
export function checkOptions(options: RoomOptions): void {
  const { backoff, connectTimeoutMs, requestTimeoutMs, heartbeatMs, maxQueuedMessages, maxQueuedBytes } = options;
  checkNumbers({ connectTimeoutMs, requestTimeoutMs, heartbeatMs, maxQueuedMessages, maxQueuedBytes });
  checkNumbers({ 'backoff.minMs': backoff?.minMs, 'backoff.maxMs': backoff?.maxMs });
}

/** Where to dial: the URL of the room with the query and the token. */
export function addressOf(url: URL, query: RoomOptions['query'], token: string | undefined): string {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, String(value));
  if (token !== undefined) address.searchParams.set('token', token);
  return address.href;
}
