import { Logger } from '@nestjs/common';
import { describeError } from '../base/foreign-value.js';
import { logError } from '../base/log.js';
import type { SentMessage } from '../members/sent-message.js';
import type {
  ObservedTurn,
  ReceivedMessage,
  RefusedConnect,
  RoomObserver,
  StoreCommit,
  StoreOperation,
  TurnOutcome,
} from './room-observer.js';
import type { Client } from '../members/client.js';
import type { JamsocketContext } from '../members/room-context.js';

const EVENTS = [
  'roomStarted',
  'roomFailed',
  'roomStopped',
  'clientJoined',
  'clientLeft',
  'clientLost',
  'clientResumed',
  'messageReceived',
  'messageSent',
  'turnStarted',
  'turnEnded',
  'turnTimedOut',
  'turnFailed',
  'connectRefused',
  'roomSaved',
  'gatePassed',
  'roomFenced',
  'storeCommitted',
  'storeFailed',
] as const satisfies readonly (keyof RoomObserver)[];
type EventName = (typeof EVENTS)[number];
type Tell = (this: RoomObserver, a: unknown, b: unknown, c: unknown, d: unknown) => unknown;

const logger = new Logger('Jamsocket');
/** Each observer's first error is logged: one that fails for every message would flood the log. */
const reported = new WeakSet<RoomObserver>();

/** The current observers, combined into one that never throws. */
export class ObserverSet implements Required<Omit<RoomObserver, 'runTurn'>> {
  /** Whether any observer listens to turns, which are more expensive to report than messages. */
  readonly wantsTurns: boolean;
  /** Whether any observer listens to messages. */
  readonly wantsMessages: boolean;
  /** Observers by event. Searching for them at each message would cost more than calling them. */
  readonly #listeners: Readonly<Record<EventName, readonly RoomObserver[]>>;

  constructor(readonly observers: readonly RoomObserver[]) {
    const of = (event: keyof RoomObserver) => observers.filter((observer) => observer[event] !== undefined);
    this.#listeners = Object.fromEntries(EVENTS.map((event) => [event, of(event)])) as Record<
      EventName,
      RoomObserver[]
    >;
    this.wantsMessages = [...of('messageReceived'), ...of('messageSent')].length > 0;
    this.wantsTurns = [...of('turnStarted'), ...of('runTurn'), ...of('turnEnded')].length > 0;
  }

  roomStarted(room: JamsocketContext): void {
    this.#tell('roomStarted', room);
  }

  roomFailed(room: JamsocketContext, error: unknown): void {
    this.#tell('roomFailed', room, error);
  }

  roomStopped(room: JamsocketContext): void {
    this.#tell('roomStopped', room);
  }

  clientJoined(room: JamsocketContext, client: Client): void {
    this.#tell('clientJoined', room, client);
  }

  clientLeft(room: JamsocketContext, client: Client, code: number, reason: string): void {
    this.#tell('clientLeft', room, client, code, reason);
  }

  clientLost(room: JamsocketContext, client: Client): void {
    this.#tell('clientLost', room, client);
  }

  clientResumed(room: JamsocketContext, client: Client): void {
    this.#tell('clientResumed', room, client);
  }

  /** Does not use `#tell`, as `messageSent` does not: direct calls are faster, and these two events are the most frequent. */
  messageReceived(room: JamsocketContext, client: Client, message: ReceivedMessage): void {
    for (const observer of this.#listeners.messageReceived) {
      try {
        settle(observer, observer.messageReceived!(room, client, message));
      } catch (error) {
        report(observer, error);
      }
    }
  }

  messageSent(room: JamsocketContext, message: SentMessage): void {
    for (const observer of this.#listeners.messageSent) {
      try {
        settle(observer, observer.messageSent!(room, message));
      } catch (error) {
        report(observer, error);
      }
    }
  }

  turnStarted(turn: ObservedTurn): void {
    this.#tell('turnStarted', turn);
  }

  /** Each observer runs the next one, and the last runs the turn. @returns the result of the turn, even if an observer fails */
  runTurn(turn: ObservedTurn, run: () => void | Promise<void>): void | Promise<void> {
    let next = run;
    for (const observer of this.observers) {
      if (observer.runTurn === undefined) continue;
      const inner = next;
      next = () => runWithin(observer, turn, inner);
    }
    return next();
  }

  turnEnded(turn: ObservedTurn, outcome: TurnOutcome): void {
    this.#tell('turnEnded', turn, outcome);
  }

  turnTimedOut(room: JamsocketContext, client: Client | undefined, handler: string): void {
    this.#tell('turnTimedOut', room, client, handler);
  }

  turnFailed(room: JamsocketContext, handler: string | undefined, client: Client | undefined, error: unknown): void {
    this.#tell('turnFailed', room, handler, client, error);
  }

  connectRefused(refused: RefusedConnect): void {
    this.#tell('connectRefused', refused);
  }

  roomSaved(room: JamsocketContext, bytes: number): void {
    this.#tell('roomSaved', room, bytes);
  }

  gatePassed(room: JamsocketContext, waitedMs: number): void {
    this.#tell('gatePassed', room, waitedMs);
  }

  roomFenced(room: JamsocketContext): void {
    this.#tell('roomFenced', room);
  }

  storeCommitted(commit: StoreCommit): void {
    this.#tell('storeCommitted', commit);
  }

  storeFailed(operation: StoreOperation, error: unknown): void {
    this.#tell('storeFailed', operation, error);
  }

  #tell(event: EventName, a: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    for (const observer of this.#listeners[event]) {
      try {
        settle(observer, (observer[event] as Tell).call(observer, a, b, c, d));
      } catch (error) {
        report(observer, error);
      }
    }
  }
}

/** The turn runs exactly once, even if the observer throws or does not run it. */
function runWithin(observer: RoomObserver, turn: ObservedTurn, run: () => void | Promise<void>): void | Promise<void> {
  let hasRun = false;
  let result: void | Promise<void>;
  const once = () => {
    if (hasRun) return result;
    hasRun = true;
    return (result = run());
  };
  try {
    settle(observer, observer.runTurn!(turn, once));
  } catch (error) {
    report(observer, error);
  }
  return once();
}

/** Observer methods should be synchronous; a rejection of an async one must not end the process. */
function settle(observer: RoomObserver, result: unknown): void {
  if (result instanceof Promise) result.catch((error) => report(observer, error));
}

function report(observer: RoomObserver, error: unknown): void {
  if (reported.has(observer)) return;
  reported.add(observer);
  const { message, stack } = describeError(error);
  logError(logger, `An observer of the rooms (${nameOf(observer)}) failed: ${message}`, null, stack);
}

function nameOf(observer: RoomObserver): string {
  try {
    return String(observer.constructor.name);
  } catch {
    return 'object';
  }
}
