import type { ClusterDriver } from '../cluster/cluster-driver.js';
import type { RoomStore } from '../store/room-store.js';
import type { ResolvedDurable } from './durable.js';
import type { HttpOptions, InboundRateLimit, Origins, RateLimit, RoomIds } from './options.js';

/** The options of one service with every default filled in. */
export interface ResolvedRoomOptions {
  readonly roomIds: RoomIds;
  /** Milliseconds from empty to stopping; `Infinity` for `never`. */
  readonly shutdownAfterMs: number;
  readonly unjoinedMs: number;
  readonly handlerTimeoutMs: number;
  readonly heartbeat: false | { readonly intervalMs: number; readonly timeoutMs: number };
  readonly resume: { readonly windowMs: number; readonly maxLogBytes: number };
  readonly origins: Origins;
  /** `undefined` accepts any. */
  readonly subprotocols: readonly string[] | undefined;
  readonly coalesce: boolean;
  /** `undefined` if the option is not set. */
  readonly durable: ResolvedDurable | false | undefined;
  readonly limits: ResolvedRoomLimits;
}

export interface ResolvedRoomLimits {
  readonly maxPayloadBytes: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly maxPendingAutoPongs: number;
  readonly maxBufferedBytes: number;
  readonly maxStateBytes: number;
  readonly mailbox: { readonly maxEvents: number; readonly maxBytes: number };
  readonly messagesPerSecond: false | Required<InboundRateLimit>;
  readonly bytesPerSecond: false | Required<InboundRateLimit>;
  readonly maxClientsPerRoom: number;
  readonly maxRooms: number;
  readonly maxRoomIdLength: number;
  readonly handshakeTimeoutMs: number;
}

/** The options of the module with every default filled in. */
export interface ResolvedOptions extends ResolvedRoomOptions {
  readonly path: string;
  readonly http: false | Required<HttpOptions>;
  readonly shutdownGraceMs: number;
  readonly flushIntervalMs: number;
  readonly trustProxy: number;
  readonly store: RoomStore | undefined;
  readonly cluster: ClusterDriver | undefined;
  readonly placement: 'local' | 'leastLoaded';
  readonly limits: ResolvedLimits;
}

export interface ResolvedLimits extends ResolvedRoomLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly connectsPerSecondPerIp: false | Required<RateLimit>;
}
