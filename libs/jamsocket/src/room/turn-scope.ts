import { AsyncLocalStorage } from 'node:async_hooks';

/** A room as far as its turns go. */
export interface TurningRoom {
  /** Number of the turn that it is at. */
  readonly turn: number;
}

/** The turns that the running code is part of: one of a room, and those of the rooms whose call it answers. */
export interface TurnChain {
  readonly room: TurningRoom;
  /** Number of the turn: what a handler leaves running may outlast it. */
  readonly turn: number;
  readonly caller: TurnChain | undefined;
}

const chains = new AsyncLocalStorage<TurnChain>();

/** The room whose synchronous handler is running. It cannot wait for anything, so it needs no async scope: those cost. */
let running: TurningRoom | null = null;

/** Runs a handler that may wait, as part of the room's turn. */
export function inTurn<T>(room: TurningRoom, caller: TurnChain | undefined, handler: () => T): T {
  // It may be called by a synchronous handler of another room.
  const before = switchRunning(null);
  try {
    return chains.run({ room, turn: room.turn, caller }, handler);
  } finally {
    switchRunning(before);
  }
}

/** Marks the begin (and, with what it returned, the end) of a synchronous handler. */
export function switchRunning(room: TurningRoom | null): TurningRoom | null {
  const before = running;
  running = room;
  return before;
}

/** The turn that the running code is part of, if any. */
export function currentTurn(): TurnChain | undefined {
  return running === null ? chains.getStore() : { room: running, turn: running.turn, caller: undefined };
}

/** Whether the running code is part of the turn that this room is at, directly or through calls between rooms. */
export function isInTurnOf(room: TurningRoom): boolean {
  for (let chain = currentTurn(); chain !== undefined; chain = chain.caller) {
    if (chain.room === room && chain.turn === room.turn) return true;
  }
  return false;
}
