import type { CanActivate, Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { RoomStore } from '../store/room-store.js';

/** Makes the ids of rooms that are created without one. Called again when it returns an id that is in use. */
export type RoomIdGenerator = () => string;

/**
 * How rooms get their ids (jamsocket's `RoomIdStrategy`).
 * - `implicit`: a room is made by the first client that connects to its path.
 * - `api`: rooms are made only by `POST` or by `JamsocketRooms.create`; connecting to another id is a 404.
 * - `short`, `short3` … `short12`: as `api`; generated ids are that many upper-case letters (`short`: 6), none repeated until all were used.
 * - `uuid`: as `api`; generated ids are random UUIDs, which nobody can guess.
 * - a function: as `api`; your own generator.
 */
export type RoomIds =
  'implicit' | 'api' | 'short' | `short${3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}` | 'uuid' | RoomIdGenerator;

/**
 * What happens to a room that has become empty (jamsocket's `ServiceShutdownPolicy`).
 * A duration is written as `'500ms'`, `'30sec'`, `'5min'`, `'1h'` or `{ afterMs: 30_000 }`.
 */
export type ShutdownPolicy =
  'never' | 'immediate' | `${number}${'ms' | 's' | 'sec' | 'min' | 'h'}` | { afterMs: number };

/** Who may open a socket from a browser: `'same-host'`, `'*'`, a list of origins such as `https://app.example.com`, or a function. */
export type Origins =
  'same-host' | '*' | readonly string[] | ((origin: string, request: IncomingMessage) => boolean | Promise<boolean>);

export interface ResumeOptions {
  /** Milliseconds for which the place of a client whose connection is lost is kept; 0 switches it off. Default 30,000. */
  windowMs?: number;
  /** Most memory in bytes that a room keeps of what it has sent lately, for clients that come back; each message counts about 210 more. Default 1 MiB. */
  maxLogBytes?: number;
}

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

/** Of what a client sends. */
export interface InboundRateLimit extends RateLimit {
  /** What happens to a message too many: the client is closed with 1008 (default), or the message is dropped. */
  excess?: 'close' | 'drop';
}

/** Limits that can differ from one service to the next. `false` means no limit. */
export interface RoomLimits {
  /** Largest inbound message in bytes; a larger one closes the connection with 1009. Default 1 MiB. */
  maxPayloadBytes?: number;
  /** Most fragments of one inbound message (close 1008). Default 64; the default of `ws`, 16,384, let 200 connections hold 415 MB. */
  maxFragments?: number;
  /** Most chunks the parser may hold for one inbound message. Default 1,024. */
  maxBufferedChunks?: number;
  /** Most unanswered pings of a client that does not read its pongs; beyond it the connection is cut. Default 60. */
  maxPendingAutoPongs?: number;
  /**
   * Most bytes waiting for one slow client; beyond it the client is closed with 1013. It is also the limit of a single
   * message, which is refused where it is sent. Default 4 MiB.
   */
  maxBufferedBytes?: number;
  /** When a room has this much waiting, reading from the sockets that fill it pauses. Default 1,024 events or 8 MiB. */
  mailbox?: { maxEvents?: number; maxBytes?: number };
  /** Most inbound messages a second of one client. A number is the rate. Default `false`. */
  messagesPerSecond?: false | number | InboundRateLimit;
  /** Most inbound bytes a second of one client. A message larger than the burst is always too many. Default `false`. */
  bytesPerSecond?: false | number | InboundRateLimit;
  /** Most clients in one room (503). Default `false`. */
  maxClientsPerRoom?: false | number;
  /** Most rooms at once (503): of the whole module, or of this service where its decorator sets it. Default `false`. */
  maxRooms?: false | number;
  /** Longest room id in characters, after percent-decoding. Default 128. */
  maxRoomIdLength?: number;
  /** Milliseconds a connect may take from the upgrade request to the open socket, guards and `@OnCreate` included (503). Default 10,000. */
  handshakeTimeoutMs?: number;
}

export interface Limits extends RoomLimits {
  /** Most connections of this module at once (503), lost ones whose place is kept included. Default `false`. */
  maxConnections?: false | number;
  /** Most connections of one IP address at once (429), lost ones whose place is kept included. Default `false`. */
  maxConnectionsPerIp?: false | number;
  /** Most upgrade requests a second of one IP address (429). A number is the rate. Default `false`. */
  connectsPerSecondPerIp?: false | number | RateLimit;
}

/** Values of `@State()` fields, by the field's name. */
export type StateFields = Record<string, any>;

/**
 * Brings a state that an earlier version of the class saved to the present one: change `state`, or return another.
 * @param state the fields of the room service
 * @param from the version of the class that saved them
 * @param providers the fields of the room's other providers, by class name
 */
export type Migrate = (
  state: StateFields,
  from: number,
  providers: Record<string, StateFields>,
) => StateFields | void | Promise<StateFields | void>;

export interface DurableRoomOptions {
  /**
   * `{ everyMs }`: the room is saved so many milliseconds after a change, and in order at its end; a crash loses what came
   * after the last save. `'turn'`: what a turn sends leaves when the turn is saved, so a crash loses nothing that anyone
   * has seen. Default `{ everyMs: 1_000 }`.
   */
  save?: 'turn' | { everyMs: number };
  /** Of the class's state. A state of an earlier version goes through `migrate`, one of a later version is left alone. Default 1. */
  version?: number;
  migrate?: Migrate;
  /**
   * Milliseconds after which a room in which nothing has happened is deleted: nobody was in it, nobody called it, and no
   * timer of its waits. Default `false`: never.
   */
  expireMs?: false | number;
  /**
   * With `save: 'turn'`: most bytes of what one room sends that wait for the store. Beyond it the clients are sent away
   * with 1013 and keep their places, and connects get 503 until the store has caught up. Default 64 MiB.
   */
  maxGatedBytes?: number;
}

/** Options that `@JamsocketService({ ... })` can override for its rooms. */
export interface RoomOptions {
  /** Default `'implicit'`. */
  roomIds?: RoomIds;
  /** Default `'immediate'`. */
  shutdown?: ShutdownPolicy;
  /** Milliseconds after which a room made by HTTP or code stops when nobody has joined it. Default 60,000. Not for `shutdown: 'never'`. */
  unjoinedMs?: number;
  /** Milliseconds a handler may take; a longer one is reported, and the room moves on. Default 30,000. */
  handlerTimeoutMs?: number;
  /** `false` switches pings off. Default: every 10 s, dropped after 20 s of silence. */
  heartbeat?: false | HeartbeatOptions;
  /**
   * What clients of `jamsocket-client` (and others that speak `jamsocket.v1`) can come back to after a lost connection. `false` is off.
   * Without such clients in the room it costs nothing.
   */
  resume?: false | ResumeOptions;
  /** Default `'same-host'`. Requests without an `Origin` header do not come from a browser's page and pass. */
  origins?: Origins;
  /**
   * The subprotocols that the application speaks. Of those a client offers, the first that is listed is agreed to; who offers
   * only others is refused with 400. Default: the first is agreed to, whatever it is. `jamsocket.v1` goes before in any case.
   */
  subprotocols?: readonly string[];
  /** Send everything queued for a socket in one event-loop turn with one write. Default `true`; `false` sends through `ws` at once. */
  coalesce?: boolean;
  /**
   * How the rooms are saved, where the module has a `store`. `true` stands for the defaults. Default: saved if the class
   * has `@State()` fields.
   */
  durable?: boolean | DurableRoomOptions;
  limits?: RoomLimits;
}

export interface HttpOptions {
  /** Prefix of the routes `/status`, `/new_room` and `/ws/:room`. Default none. */
  prefix?: string;
  /** Guards of the routes: instances, or classes that the application provides. */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Whether the routes stand in the documents of `@nestjs/swagger`. Default `false`. */
  swagger?: boolean;
}

/** Options of `JamsocketModule.forRoot` and `forRootAsync`. */
export interface JamsocketOptions extends RoomOptions {
  /** Prefix of the WebSocket paths. Default `/ws`. */
  path?: string;
  /**
   * HTTP routes to make rooms with: `GET /status`, `POST /new_room`, `POST /ws/:room`. `true` turns them on. Whoever makes a room
   * passes the check of `origins` and the guards of the service's `@OnConnect`. Default `false`.
   */
  http?: boolean | HttpOptions;
  /**
   * How many proxies stand in front of the server, each of which appends to `X-Forwarded-For`. The client's address is
   * then taken from there, and nobody but the proxies can make it up. Default 0: the header is not looked at.
   */
  trustProxy?: number;
  /**
   * Milliseconds in which `app.close()` has drained every room and closed every client: 60 % for the messages that wait, the
   * rest for `@OnDisconnect`, `@OnDestroy` and the sockets. Default 5,000.
   */
  shutdownGraceMs?: number;
  /** Milliseconds that sends are gathered before they are written; 0 is once an event-loop turn. Default 0. */
  flushIntervalMs?: number;
  /** Where durable rooms are kept. The module closes it when the application has closed. */
  store?: RoomStore;
  limits?: Limits;
}
