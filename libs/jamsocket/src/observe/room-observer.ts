import type { Client } from '../members/client.js';
import type { SentMessage } from '../members/sent-message.js';
import type { JamsocketContext } from '../members/room-context.js';

/** What a turn is about: the decorator of its handler, or `invoke` for `JamsocketRooms.invoke`. */
export type TurnKind =
  | 'create'
  | 'connect'
  | 'resume'
  | 'message'
  | 'event'
  | 'binary'
  | 'disconnect'
  | 'timer'
  | 'scheduled'
  | 'destroy'
  | 'invoke';

/** One run of one handler. It is the same object from its start to its end, so it can be the key of a `Map`. */
export interface ObservedTurn {
  readonly room: JamsocketContext;
  /** Class and method, such as `ChatRoom.message`: as many values as there are handlers in the source. */
  readonly handler: string;
  readonly kind: TurnKind;
  /** Whose turn it is; `undefined` for turns that no client caused. */
  readonly client: Client | undefined;
  /** What the handler is given: text, bytes, or the data of an event. */
  readonly message: unknown;
  /** Runs a function in the async context of whoever called `JamsocketRooms.invoke`; only for `invoke`. */
  readonly runAsCaller?: <T>(run: () => T) => T;
}

/** How a turn ended. */
export interface TurnOutcome {
  /** From its start until its reply was sent, or its error was dealt with. */
  readonly durationMs: number;
  readonly hasFailed: boolean;
  /** What the handler, a guard, a pipe, an interceptor or the reply threw, even if a filter took it. */
  readonly error: unknown;
  /** `client` for errors that tell the client of its own mistake (as HTTP's 4xx), `server` for all others. */
  readonly fault: 'client' | 'server' | undefined;
}

/** A message of a client that the room has accepted: it is within its rates, and no frame of the resume protocol. */
export interface ReceivedMessage {
  readonly kind: 'text' | 'binary';
  readonly payload: string | Buffer;
  /** Of the payload. */
  readonly bytes: number;
}

/** An upgrade that was answered with something else than a WebSocket. */
export interface RefusedConnect {
  /** HTTP status of the answer. */
  readonly status: number;
  /** A `RefusalCode`; whatever a guard threw is `guard` or, with a status from 500, `guard_failed`. */
  readonly code: string;
  /** Name of the service; `undefined` if the request was refused before it was looked up. */
  readonly service: string | undefined;
  /** Path and query as the client sent them. */
  readonly url: string;
}

/**
 * Is told what happens in the rooms, as it happens: `JamsocketObservers` takes it. Write the methods you need. They run
 * in the middle of the room's work, so they should be short, and must not send, close or post anything themselves.
 * Whatever they throw is logged once and otherwise ignored.
 */
export interface RoomObserver {
  /** `@OnCreate` has run; clients come in from now on. */
  roomStarted?(room: JamsocketContext): void;
  /** The room could not be made. */
  roomFailed?(room: JamsocketContext, error: unknown): void;
  /** Exactly once for each room that started. */
  roomStopped?(room: JamsocketContext): void;
  /** A client has its seat. `@OnConnect` has not run yet. */
  clientJoined?(room: JamsocketContext, client: Client): void;
  /** A client is gone for good; exactly once for each that joined. `@OnDisconnect` has not run yet. */
  clientLeft?(room: JamsocketContext, client: Client, code: number, reason: string): void;
  /** A client's connection has ended, and its place is kept: `clientResumed` or `clientLeft` follows. */
  clientLost?(room: JamsocketContext, client: Client): void;
  /** A client goes on with another connection. */
  clientResumed?(room: JamsocketContext, client: Client): void;
  messageReceived?(room: JamsocketContext, client: Client, message: ReceivedMessage): void;
  messageSent?(room: JamsocketContext, message: SentMessage): void;
  turnStarted?(turn: ObservedTurn): void;
  /**
   * Runs a turn, as part of something: `runTurn: (turn, run) => storage.run(context, run)`. `run` never throws; call it
   * before you return. What it returns is a promise if the turn has to wait, and nothing that you have to pass on.
   */
  runTurn?(turn: ObservedTurn, run: () => void | Promise<void>): void;
  /** Every turn that started ends, unless its promise never settles. */
  turnEnded?(turn: ObservedTurn, outcome: TurnOutcome): void;
  /**
   * A turn has taken longer than `handlerTimeoutMs`, and the room went on without it.
   * @param handler class and method, such as `ChatRoom.message`
   */
  turnTimedOut?(room: JamsocketContext, client: Client | undefined, handler: string): void;
  /** @internal What failed in a turn, if only that is wanted: it costs nothing as long as nothing fails. */
  turnFailed?(room: JamsocketContext, handler: string | undefined, client: Client | undefined, error: unknown): void;
  connectRefused?(refused: RefusedConnect): void;
}
