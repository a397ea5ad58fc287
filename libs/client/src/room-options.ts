import type { BackoffOptions } from './backoff.js';
import type { WebSocketClass } from './platform.js';

/** How a client joins a room and stays in it. All times are in milliseconds. */
export interface RoomOptions {
  /** Added to the query of the URL. */
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Asked before every attempt to connect, and sent as `token` in the query, where the guards of `@OnConnect` find it.
   * A rejection counts as a failed attempt.
   */
  readonly token?: () => string | Promise<string>;
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
  /** How long a connection may take to come up, and then the server's first frame; 4,000 unless given. */
  readonly connectTimeoutMs?: number;
  /** Leaves the room when aborted. */
  readonly signal?: AbortSignal;
  /** If false, nothing is dialled before `room.connect()`. */
  readonly autoConnect?: boolean;
}

/** Where to dial: the URL of the room with the query and a fresh token. */
export async function dialAddress(url: URL, { query, token }: RoomOptions): Promise<string> {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, String(value));
  if (token) address.searchParams.set('token', await token());
  return address.href;
}
