import type { RoomKey } from '../store/room-store.js';
import type { Room } from '../room/room.js';
import type { TurnChain, TurningRoom } from '../room/turns/turn-scope.js';
import { currentTurn } from '../room/turns/turn-scope.js';

/** A turn that waits for a call, as it goes along with the call: a room must not be called by itself, through other nodes either. */
export interface CarriedTurn extends RoomKey {
  readonly node: string;
  readonly turn: number;
}

/** A room of another node that waits for the present call. */
class CallingRoom implements TurningRoom {
  constructor(readonly carried: CarriedTurn) {}

  get turn(): number {
    return this.carried.turn;
  }
}

/** The turns that wait for the call that is about to be made. */
export function carryTurns(node: string): readonly CarriedTurn[] {
  const turns: CarriedTurn[] = [];
  for (let chain = currentTurn(); chain !== undefined; chain = chain.caller) {
    const { room, turn } = chain;
    turns.push(room instanceof CallingRoom ? room.carried : { ...(room as Room).key, node, turn });
  }
  return turns;
}

/** @param roomOf the room of this node, if it is running */
export function turnsCarried(
  turns: readonly CarriedTurn[],
  node: string | undefined,
  roomOf: (key: RoomKey) => Room | undefined,
): TurnChain | undefined {
  return turns.reduceRight<TurnChain | undefined>((caller, carried) => {
    const own = carried.node === node ? roomOf(carried) : undefined;
    return { room: own ?? new CallingRoom(carried), turn: carried.turn, caller };
  }, undefined);
}
