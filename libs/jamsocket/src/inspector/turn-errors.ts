import type { ObservedTurn, RoomObserver, TurnOutcome } from '../room/room-observer.js';
import type { RoomMeters } from './room-meters.js';

const MAX_ERROR = 1_000;

/** Tells of handlers that failed. It is an observer of its own since those of turns cost more than those of messages. */
export class TurnErrors implements RoomObserver {
  constructor(private readonly meters: RoomMeters) {}

  turnEnded({ room, client, handler }: ObservedTurn, { hasFailed, error }: TurnOutcome): void {
    if (hasFailed) this.meters.turnFailed(room, client, handler, textOf(error));
  }
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${typeof error}`;
  return text.slice(0, MAX_ERROR);
}
