import type { Client } from '../members/client.js';
import type { SentMessage } from '../members/sent-message.js';
import type { JamsocketContext } from '../members/room-context.js';

/** The cause of a turn: the decorator of its handler, or `invoke` for `JamsocketRooms.invoke`. */
export type TurnKind =
  | 'create'
  | 'connect'
  | 'resume'
  | 'auth'
  | 'message'
  | 'event'
  | 'binary'
  | 'disconnect'
  | 'timer'
  | 'scheduled'
  | 'destroy'
  | 'invoke';

/** One run of one handler. It is the same object from start to end, so it can be the key of a `Map`. */
export interface ObservedTurn {
  readonly room: JamsocketContext;
  /** Class and method, such as `ChatRoom.message`. Safe as a metric label: there is one value for each handler in the source. */
  readonly handler: string;
  readonly kind: TurnKind;
  /** The client that caused the turn, if any. */
  readonly client: Client | undefined;
  /** The handler's message: text, bytes, or the data of an event. */
  readonly message: unknown;
  /** Runs a function in the async context of the caller of `JamsocketRooms.invoke`; only for `invoke`. */
  readonly runAsCaller?: <T>(run: () => T) => T;
}

/** How a turn ended. */
export interface TurnOutcome {
  /** Milliseconds from the start until the reply was sent or the error was handled. */
  readonly durationMs: number;
  readonly hasFailed: boolean;
  /** The error of the handler, a guard, a pipe, an interceptor or the reply, even if a filter caught it. */
  readonly error: unknown;
  /** `client` for errors that report the client's own mistake (like HTTP 4xx), `server` for all others. */
  readonly fault: 'client' | 'server' | undefined;
}

/** A message of a client that the room has accepted. Excludes messages over a rate limit and frames of the resume protocol. */
export interface ReceivedMessage {
  readonly kind: 'text' | 'binary';
  readonly payload: string | Buffer;
  /** Length of the payload. */
  readonly bytes: number;
}

/** A commit that the store has taken: what one or more durable rooms had to save. */
export interface StoreCommit {
  /** Saves of rooms in it. */
  readonly saves: number;
  readonly bytes: number;
  /** Milliseconds from giving it to the store until it was durable. */
  readonly durationMs: number;
}

/** What a store was asked: `has` looks whether a room is saved, `claim` opens it, `due` looks for rooms with something to do. */
export type StoreOperation = 'commit' | 'has' | 'claim' | 'due';

/** An upgrade request that was refused. */
export interface RefusedConnect {
  /** HTTP status of the answer. */
  readonly status: number;
  /** A `RefusalCode`. An error of a guard is `guard` or, with a status of 500 or more, `guard_failed`. */
  readonly code: string;
  /** Name of the service; `undefined` if the request was refused before the service was known. */
  readonly service: string | undefined;
  /** Path and query as the client sent them. */
  readonly url: string;
}

/**
 * Observes the rooms. Implement the methods you need, and add the observer to `JamsocketObservers`. The methods run
 * synchronously within the room's work. The first error of an observer is logged, later ones are ignored.
 *
 * An implementation
 * - MUST be quick: the room waits for it;
 * - MUST NOT send, close or post anything.
 */
export interface RoomObserver {
  /** `@OnCreate` has run; clients can join from now on. */
  roomStarted?(room: JamsocketContext): void;
  /** The room could not be created. */
  roomFailed?(room: JamsocketContext, error: unknown): void;
  /** Called exactly once for each room that started. */
  roomStopped?(room: JamsocketContext): void;
  /** A client has joined. `@OnConnect` has not run yet. */
  clientJoined?(room: JamsocketContext, client: Client): void;
  /** A client has left permanently; called exactly once for each that joined. `@OnDisconnect` has not run yet. */
  clientLeft?(room: JamsocketContext, client: Client, code: number, reason: string): void;
  /** A client's connection is lost, and its place is kept: `clientResumed` or `clientLeft` follows. */
  clientLost?(room: JamsocketContext, client: Client): void;
  /** A client has resumed with a new connection. */
  clientResumed?(room: JamsocketContext, client: Client): void;
  /** A message of a client has arrived. It may wait for its turn. */
  messageReceived?(room: JamsocketContext, client: Client, message: ReceivedMessage): void;
  /** The room has sent a message: called once, whatever the number of recipients. */
  messageSent?(room: JamsocketContext, message: SentMessage): void;
  /** A handler is about to run. */
  turnStarted?(turn: ObservedTurn): void;
  /**
   * Runs a turn in a context of yours: `runTurn: (turn, run) => storage.run(context, run)`. Call `run` before you return; it
   * never throws. It returns a promise if the turn has to wait; you can ignore it.
   */
  runTurn?(turn: ObservedTurn, run: () => void | Promise<void>): void;
  /** Called for every turn that started, unless its promise never settles. */
  turnEnded?(turn: ObservedTurn, outcome: TurnOutcome): void;
  /**
   * A turn has taken longer than `handlerTimeoutMs`, and the room has continued without it.
   * @param handler class and method, such as `ChatRoom.message`
   */
  turnTimedOut?(room: JamsocketContext, client: Client | undefined, handler: string): void;
  /** @internal A turn has failed. For observers that need only failures: it costs nothing until one occurs. */
  turnFailed?(room: JamsocketContext, handler: string | undefined, client: Client | undefined, error: unknown): void;
  /** An upgrade request was refused. */
  connectRefused?(refused: RefusedConnect): void;
  /**
   * What has changed in a durable room is in the store.
   * @param bytes size of what was written
   */
  roomSaved?(room: JamsocketContext, bytes: number): void;
  /**
   * What a durable room with `save: 'turn'` has sent leaves now, since its turns are saved.
   * @param waitedMs how long the oldest of it has waited at the output gate, in milliseconds
   */
  gatePassed?(room: JamsocketContext, waitedMs: number): void;
  /** The store has refused a save, since another process has taken the room over. This instance stops. */
  roomFenced?(room: JamsocketContext): void;
  /** The store has taken a commit, which may contain the changes of many rooms. */
  storeCommitted?(commit: StoreCommit): void;
  /** The store has failed, or has not answered in time. A commit is tried again, and each failed try is told. */
  storeFailed?(operation: StoreOperation, error: unknown): void;
}
