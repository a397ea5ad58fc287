import type { Logger } from '@nestjs/common';
import type { JamsocketClock } from '../base/sources.js';
import type { RoomPresence } from '../base/presence.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Frame } from '../wire/frame.js';
import type { KnownAuth } from './client-auth.js';
import type { Restored, RoomLifecycle } from './room-lifecycle.js';
import type { RoomAddress } from './room-address.js';

/**
 * starting ──▶ running ──▶ draining ──▶ stopped
 *    └───────── failed @OnCreate ──────────▲
 *
 * Clients join while it is running. Draining, it finishes what is in its mailbox, then runs `@OnDestroy`.
 */
export type RoomState = 'starting' | 'running' | 'draining' | 'stopped';

/** Sends to the room's members. */
export interface SendPort<Client> {
  /** Clients whose `@OnConnect` has begun. */
  readonly clients: ReadonlyMap<number, Client>;
  withTag(tag: string): readonly Client[];
  broadcast(frame: Frame): void;
  broadcastExcept(frame: Frame, clients: readonly Client[]): void;
  send(frame: Frame, clients: readonly Client[]): void;
  sendTo(client: Client, frame: Frame): void;
}

/** The shared state of a room, as its members know it. */
export interface MembersState<Client> {
  /**
   * Called before each message of the room: sends the changes that come before it.
   * @throws JamsocketError `reserved_event` for a message that looks like a change
   */
  beforeSend(frame: Frame): void;
  /** Sends the changes so far. */
  flush(): void;
  /** Sends everything to a client that has just become a member. */
  welcome(client: Client): void;
}

/** What a client and the `JamsocketContext` use of the room's members. */
export interface MembersPort<Client> extends SendPort<Client> {
  readonly outbox: Outbox;
  /** Sends past the messages that wait for a commit, if the room has such. */
  readonly ungated: SendPort<Client>;
  tagAdded(client: Client, tag: string): void;
  tagRemoved(client: Client, tag: string): void;
  sendText(client: Client, text: string): void;
  /** @returns whether the first frame of a client of `jamsocket.v1` is its confirmation */
  confirm(client: Client, frame: string | Buffer): boolean;
  /** Answers the heartbeat of a client that speaks `jamsocket.v1`. */
  answerHeartbeat(client: Client): void;
  /** Shows a client that speaks `jamsocket.v1` that the server is alive. */
  beat(client: Client): string | undefined;
  /** The client is about to be closed: sends it what it should know before that. */
  closing(client: Client): void;
  fellBehind(client: Client): void;
}

/**
 * Everything that a client and the `JamsocketContext` know of their room.
 *
 * An implementation
 * - MUST handle the calls of one client in their order;
 * - MUST ignore calls for a client that has left;
 * - MUST NOT throw unless the method says so, since it is called by sockets;
 * - MUST NOT run a handler before a call of `leave`, `connectionLost` or `close` returns, unless the room is idle.
 */
export interface RoomPort<Client> {
  readonly state: RoomState;
  readonly address: RoomAddress;
  readonly members: MembersPort<Client>;
  readonly definition: {
    readonly service: string;
    readonly logger: Logger;
    readonly type: { readonly name: string };
    readonly timers: ReadonlySet<string>;
    readonly options: { readonly limits: { readonly maxBufferedBytes: number } };
  };
  /** `null` if the class has no `@Presence()`. */
  readonly presence: RoomPresence | null;
  /** `null` for a room that is not durable. */
  readonly lifecycle: RoomLifecycle<Client> | null;
  /** Set in a room that is not durable and was handed over by another node. */
  readonly movedHere: Restored | undefined;
  readonly timers: {
    /** @throws JamsocketError `bad_timer` */
    set(name: string, ms: number): void;
    clear(name: string): void;
  };
  readonly clock: JamsocketClock;
  /** Milliseconds on the room's clock. */
  now(): number;
  /** An unguessable id: nobody else can make the client give an answer that has it. */
  newRequestId(): string;
  /** @param bytes length of the text in UTF-8 */
  receiveText(client: Client, text: string, bytes: number): void;
  receiveBinary(client: Client, bytes: Buffer): void;
  /** The client's `auth` has changed, or it has joined or resumed with one. @param before the previous one */
  authChanged(client: Client, before: KnownAuth | null): void;
  /** A client of `jamsocket.v1` has answered the question for a new token. @param answer the frame */
  authAnswered(client: Client, answer: string): void;
  /** The client's connection has ended; the client may resume. */
  connectionLost(client: Client, code: number, reason: string): void;
  /** The client leaves permanently. */
  leave(client: Client, code: number, reason: string): void;
  /** Closes every client and stops. */
  close(code: number, reason: string): void;
  /** Closes every client, stops, and deletes the saved record. */
  destroy(reason: string): void;
}
