import type { CanActivate, Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ClusterDriver } from '../cluster/cluster-driver.js';
import type { RoomStore } from '../store/room-store.js';

/** Returns the id of a room that is created without one. Called again if the id is in use. */
export type RoomIdGenerator = () => string;

/**
 * How rooms get their ids (jamsocket's `RoomIdStrategy`).
 * - `implicit`: the first client that connects to a path creates the room.
 * - `api`: only `POST` or `JamsocketRooms.create` creates rooms; connecting to an unknown id is a 404.
 * - `short`, `short3` … `short12`: like `api`; generated ids have that many upper-case letters (`short`: 6), and no id repeats before all have been used.
 * - `uuid`: like `api`; generated ids are random, unguessable UUIDs.
 * - a function: like `api`, with your own generator.
 */
export type RoomIds =
  'implicit' | 'api' | 'short' | `short${3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}` | 'uuid' | RoomIdGenerator;

/**
 * What happens to a room that has become empty (jamsocket's `ServiceShutdownPolicy`).
 * A duration is written as `'500ms'`, `'30sec'`, `'5min'`, `'1h'` or `{ afterMs: 30_000 }`.
 */
export type ShutdownPolicy =
  'never' | 'immediate' | `${number}${'ms' | 's' | 'sec' | 'min' | 'h'}` | { afterMs: number };

/** Which web pages may connect: `'same-host'`, `'*'`, a list of origins such as `https://app.example.com`, or a function. */
export type Origins =
  'same-host' | '*' | readonly string[] | ((origin: string, request: IncomingMessage) => boolean | Promise<boolean>);

/** How long, and how much, a room keeps for clients that come back. */
export interface ResumeOptions {
  /** Milliseconds for which the server keeps a client's place after a lost connection; 0 turns resume off. Default 30,000. */
  windowMs?: number;
  /** Most bytes of sent messages that a room keeps for clients that resume; each message counts about 210 bytes extra. Default 1 MiB. */
  maxLogBytes?: number;
}

/** How dead connections are found. */
export interface HeartbeatOptions {
  /** Milliseconds between pings, 1,000 or more. Default 10,000. */
  intervalMs?: number;
  /** Milliseconds of silence after which a connection is dropped, 3,000 or more and longer than the interval. Default 20,000. */
  timeoutMs?: number;
}

/** A token bucket: `rate` a second on average, up to `burst` (default: twice the rate) at once. */
export interface RateLimit {
  rate: number;
  burst?: number;
}

/** Limits what one client sends. */
export interface InboundRateLimit extends RateLimit {
  /** What a message over the limit does: it closes its client with 1008 (default), or it is dropped. */
  excess?: 'close' | 'drop';
}

/** Limits that each service can override. `false` means no limit. */
export interface RoomLimits {
  /** Largest inbound message in bytes; a larger one closes the connection with 1009. Default 1 MiB. */
  maxPayloadBytes?: number;
  /** Most fragments of one inbound message (close 1008). Default 64: with the 16,384 of `ws`, 200 connections occupied 415 MB. */
  maxFragments?: number;
  /** Most chunks that the parser buffers for one inbound message. Default 1,024. */
  maxBufferedChunks?: number;
  /** Most pongs waiting for a client that sends pings without reading the pongs; one more cuts the connection. Default 60. */
  maxPendingAutoPongs?: number;
  /**
   * Most bytes waiting for one client; a client that exceeds it is closed with 1013. A single message that exceeds it is
   * refused where it is sent. Default 4 MiB.
   */
  maxBufferedBytes?: number;
  /**
   * Most bytes of the shared state of one room, as JSON. A change that would exceed it is refused. At most half of
   * `maxBufferedBytes` counts. Default 1 MiB.
   */
  maxStateBytes?: number;
  /** A room with a full mailbox pauses reading from the sockets that send to it. Default 1,024 events or 8 MiB. */
  mailbox?: { maxEvents?: number; maxBytes?: number };
  /** Most inbound messages a second of one client. A number is the rate. Default `false`. */
  messagesPerSecond?: false | number | InboundRateLimit;
  /** Most inbound bytes a second of one client. A message larger than the burst always exceeds it. Default `false`. */
  bytesPerSecond?: false | number | InboundRateLimit;
  /** Most clients in one room (503). Default `false`. */
  maxClientsPerRoom?: false | number;
  /** Most rooms at once (503): of the whole module, or of the one service whose decorator sets it. Default `false`. */
  maxRooms?: false | number;
  /** Longest room id in characters, after percent-decoding. Default 128. */
  maxRoomIdLength?: number;
  /** Milliseconds that a connect may take, from the upgrade request to the open socket, including guards and `@OnCreate` (503). Default 10,000. */
  handshakeTimeoutMs?: number;
}

export interface Limits extends RoomLimits {
  /** Most connections of this module at once (503), including places kept for resume. Default `false`. */
  maxConnections?: false | number;
  /** Most connections of one IP address at once (429), including places kept for resume. Default `false`. */
  maxConnectionsPerIp?: false | number;
  /** Most upgrade requests a second of one IP address (429). A number is the rate. Default `false`. */
  connectsPerSecondPerIp?: false | number | RateLimit;
}

/** Values of `@State()` fields by field name. */
export type StateFields = Record<string, any>;

/**
 * Converts a state that an earlier version of the class saved: change `state`, or return a new one.
 * @param state the fields of the room service
 * @param from the version of the class that saved them
 * @param providers the fields of the room's other providers, by class name
 */
export type Migrate = (
  state: StateFields,
  from: number,
  providers: Record<string, StateFields>,
) => StateFields | void | Promise<StateFields | void>;

/** How the rooms of a class are saved. */
export interface DurableRoomOptions {
  /**
   * `{ everyMs }`: the room is saved this many milliseconds after a change, and when it stops; a crash loses the changes
   * since the last save. `'turn'`: the output of a turn leaves when the turn is saved, so a crash never loses a change
   * that a client has seen. Default `{ everyMs: 1_000 }`.
   */
  save?: 'turn' | { everyMs: number };
  /** Version of the class's state. `migrate` converts earlier versions; a later version is never overwritten. Default 1. */
  version?: number;
  migrate?: Migrate;
  /**
   * Milliseconds after which an unused room is deleted: it had no client, no call and no pending timer in that time. Default
   * `false`: never.
   */
  expireMs?: false | number;
  /**
   * With `save: 'turn'`: most bytes of a room's output that wait for the store. At the limit the clients are closed with
   * 1013 and keep their places, and connects get 503 until the store has caught up. Default 64 MiB.
   */
  maxGatedBytes?: number;
}

/** Options that `@JamsocketService({ ... })` can override for its rooms. */
export interface RoomOptions {
  /** Default `'implicit'`. */
  roomIds?: RoomIds;
  /** Default `'immediate'`. */
  shutdown?: ShutdownPolicy;
  /** Milliseconds after which a room created by HTTP or code stops if no client joins. Default 60,000. Ignored with `shutdown: 'never'`. */
  unjoinedMs?: number;
  /** Milliseconds that a handler may take; if it takes longer, that is reported and the room moves on. Default 30,000. */
  handlerTimeoutMs?: number;
  /** `false` turns pings off. Default: a ping every 10 s, and a connection is dropped after 20 s of silence. */
  heartbeat?: false | HeartbeatOptions;
  /**
   * Lets clients of `jamsocket-client` (and others that speak `jamsocket.v1`) resume after a lost connection. `false`
   * turns it off. A room without such clients pays nothing for it.
   */
  resume?: false | ResumeOptions;
  /** Default `'same-host'`. Requests without an `Origin` header pass: they do not come from a web page. */
  origins?: Origins;
  /**
   * The subprotocols that the application speaks. The server selects the first offered one that is listed; a client that
   * offers only unlisted ones is refused with 400. Default: the server selects the first one offered. `jamsocket.v1`
   * always takes precedence.
   */
  subprotocols?: readonly string[];
  /** Whether all sends to a socket in one event-loop tick are written together. Default `true`; `false` sends each through `ws`. */
  coalesce?: boolean;
  /**
   * How rooms are saved, if the module has a `store`. `true` means the defaults. Default: rooms are saved if the class has
   * `@State()` fields.
   */
  durable?: boolean | DurableRoomOptions;
  limits?: RoomLimits;
}

/** The HTTP routes that create rooms. */
export interface HttpOptions {
  /** Prefix of the routes `/status`, `/new_room` and `/ws/:room`. Default none. */
  prefix?: string;
  /** Guards of the routes: instances or classes. */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Whether the documents of `@nestjs/swagger` include the routes. Default `false`. */
  swagger?: boolean;
}

/** Options of `JamsocketModule.forRoot` and `forRootAsync`. */
export interface JamsocketOptions extends RoomOptions {
  /** Prefix of the WebSocket paths. Default `/ws`. */
  path?: string;
  /**
   * HTTP routes that create rooms: `GET /status`, `POST /new_room`, `POST /ws/:room`. `true` turns them on. A request must
   * pass the check of `origins` and the guards of the service's `@OnConnect`. Default `false`.
   */
  http?: boolean | HttpOptions;
  /**
   * Number of proxies in front of the server that append to `X-Forwarded-For`. The client's address is taken from the
   * entry of the outermost one, which a client cannot forge. Default 0: the header is ignored.
   */
  trustProxy?: number;
  /**
   * Milliseconds in which `app.close()` drains every room and closes every client: 60 % for waiting messages, the rest for
   * `@OnDisconnect`, `@OnDestroy` and the sockets. Default 5,000.
   */
  shutdownGraceMs?: number;
  /** Milliseconds for which sends are gathered before they are written; 0 writes once in each event-loop tick. Default 0. */
  flushIntervalMs?: number;
  /** Stores durable rooms. The module closes it when the application has closed. */
  store?: RoomStore;
  /**
   * Spreads rooms over all processes with the same cluster: each room lives in one of them, and clients may connect to any.
   * `new RedisCluster({ redis })` of `nestjs-jamsocket/redis`. Default: the rooms of this process are its own.
   */
  cluster?: ClusterDriver;
  /**
   * Where a room begins that no node of the cluster has, when a client connects to it. `local`: on the node that the client is
   * connected to, which saves the way between two nodes. `leastLoaded`: on the node with the fewest rooms; nodes tell their
   * numbers twice a second. Default `local`.
   */
  placement?: 'local' | 'leastLoaded';
  limits?: Limits;
}
