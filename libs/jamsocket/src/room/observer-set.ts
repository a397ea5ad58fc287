import { Logger } from '@nestjs/common';
import type {
  ObservedTurn,
  ReceivedMessage,
  RefusedConnect,
  RoomObserver,
  SentMessage,
  TurnOutcome,
} from './room-observer.js';
import type { Client } from './client.js';
import type { JamsocketContext } from './room-context.js';

type EventName = Exclude<keyof RoomObserver, 'runTurn'>;
type Tell = (this: RoomObserver, ...args: unknown[]) => unknown;

const logger = new Logger('Jamsocket');
/** One report is enough: an observer that fails for every message would drown the log. */
const reported = new WeakSet<RoomObserver>();

/** The observers that are there at a time, as one that never throws. */
export class ObserverSet implements Required<Omit<RoomObserver, 'runTurn'>> {
  constructor(readonly observers: readonly RoomObserver[]) {}

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

  messageReceived(room: JamsocketContext, client: Client, message: ReceivedMessage): void {
    this.#tell('messageReceived', room, client, message);
  }

  messageSent(room: JamsocketContext, message: SentMessage): void {
    this.#tell('messageSent', room, message);
  }

  turnStarted(turn: ObservedTurn): void {
    this.#tell('turnStarted', turn);
  }

  /** Each observer runs the next one, the last runs the turn. @returns what the turn returned, whatever they do */
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

  connectRefused(refused: RefusedConnect): void {
    this.#tell('connectRefused', refused);
  }

  #tell(event: EventName, ...args: unknown[]): void {
    for (const observer of this.observers) {
      try {
        const result = (observer[event] as Tell | undefined)?.apply(observer, args);
        if (result instanceof Promise) result.catch((error) => report(observer, error));
      } catch (error) {
        report(observer, error);
      }
    }
  }
}

/** The turn runs exactly once, even if the observer forgets it or throws. */
function runWithin(observer: RoomObserver, turn: ObservedTurn, run: () => void | Promise<void>): void | Promise<void> {
  let hasRun = false;
  let result: void | Promise<void>;
  const once = () => {
    if (hasRun) return result;
    hasRun = true;
    return (result = run());
  };
  try {
    observer.runTurn!(turn, once);
  } catch (error) {
    report(observer, error);
  }
  return once();
}

function report(observer: RoomObserver, error: unknown): void {
  if (reported.has(observer)) return;
  reported.add(observer);
  const name = observer.constructor?.name ?? 'object';
  const what = error instanceof Error ? error.message : String(error);
  logger.error(`An observer of the rooms (${name}) failed: ${what}`, error instanceof Error ? error.stack : undefined);
}
