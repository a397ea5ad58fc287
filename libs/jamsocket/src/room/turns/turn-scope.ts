import { AsyncLocalStorage } from 'node:async_hooks';

/** The part of a room that has turns. */
export interface TurningRoom {
  /** Number of the present turn. */
  readonly turn: number;
}

/** The turns that the running code is part of: that of its room, and those of the rooms that called it, directly or not. */
export interface TurnChain {
  readonly room: TurningRoom;
  /** Number of the turn: work that a handler leaves running may outlast it. */
  readonly turn: number;
  readonly caller: TurnChain | undefined;
}

const chains = new AsyncLocalStorage<TurnChain>();

/** The room whose synchronous handler is running. Such a handler cannot wait, so it does without an async scope, which is slow. */
let running: TurningRoom | null = null;

/** Runs a call of another node as part of the turns that wait for it there. */
export function asCaller<T>(caller: TurnChain | undefined, call: () => T): T {
  return caller === undefined ? call() : chains.run(caller, call);
}

/** Runs a handler that may be asynchronous, as part of the room's turn. */
export function inTurn<T>(room: TurningRoom, caller: TurnChain | undefined, handler: () => T): T {
  // A synchronous handler of another room may be the caller.
  const before = switchRunning(null);
  try {
    return chains.run({ room, turn: room.turn, caller }, handler);
  } finally {
    switchRunning(before);
  }
}

/** Marks the start of a synchronous handler. Call it again with the returned value at the end. */
export function switchRunning(room: TurningRoom | null): TurningRoom | null {
  const before = running;
  running = room;
  return before;
}

/** The turn that the running code is part of, if any. */
export function currentTurn(): TurnChain | undefined {
  return running === null ? chains.getStore() : { room: running, turn: running.turn, caller: undefined };
}

/** Whether the running code is part of this room's present turn, directly or through calls between rooms. */
export function isInTurnOf(room: TurningRoom): boolean {
  for (let chain = currentTurn(); chain !== undefined; chain = chain.caller) {
    if (chain.room === room && chain.turn === room.turn) return true;
  }
  return false;
}
