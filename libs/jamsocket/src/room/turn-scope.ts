import { AsyncLocalStorage } from 'node:async_hooks';

/** The rooms whose turns the running code is part of: a room, and those whose call it answers. */
export interface TurnChain {
  readonly room: object;
  readonly caller: TurnChain | undefined;
}

const chains = new AsyncLocalStorage<TurnChain>();

/** The room whose synchronous handler is running. It cannot wait for anything, so it needs no async scope: those cost. */
let running: object | null = null;

/** Runs a handler that may wait, as part of the room's turn. */
export function inTurn<T>(room: object, caller: TurnChain | undefined, handler: () => T): T {
  return chains.run({ room, caller }, handler);
}

/** Marks the begin (and, with what it returned, the end) of a synchronous handler. */
export function switchRunning(room: object | null): object | null {
  const before = running;
  running = room;
  return before;
}

/** The turn that the running code is part of, if any. */
export function currentTurn(): TurnChain | undefined {
  return running === null ? chains.getStore() : { room: running, caller: undefined };
}

/** Whether the running code is part of a turn of this room, directly or through calls between rooms. */
export function isInTurnOf(room: object): boolean {
  for (let chain = currentTurn(); chain !== undefined; chain = chain.caller) {
    if (chain.room === room) return true;
  }
  return false;
}
