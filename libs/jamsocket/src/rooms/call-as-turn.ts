import { AsyncResource } from 'node:async_hooks';
import { RefusedError } from '../base/errors.js';
import type { RoomCall } from '../room/room-event.js';
import type { Room } from '../room/room.js';
import { inTurn, type TurnChain } from '../room/turn-scope.js';

/** Runs a method of the room's instance as a turn of the room, in the async context of whoever calls this. */
export function callAsTurn(
  room: Room,
  method: string,
  args: readonly unknown[],
  caller: TurnChain | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new RefusedError(503, 'room_stopped', `Room "${room.address.key}" has stopped.`));
    const call = async () => methodsOf(room)[method](...args);
    const name = () => `${room.definition.type.name}.${hasMethod(room, method) ? method : '(unknown)'}`;
    // The caller's context, in which the method may enter what is not the caller's.
    const scope = new AsyncResource('JamsocketInvoke');
    const roomCall: RoomCall = {
      get name() {
        return name();
      },
      runAsCaller: room.observer?.wantsTurns ? (run) => scope.runInAsyncScope(run) : undefined,
      run: (record) =>
        inTurn(room, caller, call).then(
          (value) => whenSafe(room, () => resolve(value), refuse),
          (error) => {
            record?.fail(error);
            room.observer?.turnFailed(room.context, name(), undefined, error);
            whenSafe(room, () => reject(error as Error), refuse);
          },
        ),
      fail: reject,
      refuse,
    };
    scope.runInAsyncScope(() => room.invoke(roomCall));
  });
}

/** What a call returned is seen outside of the room, as what the room sends is. */
function whenSafe({ lifecycle }: Room, action: () => void, cancelled: () => void): void {
  if (lifecycle === null) action();
  else lifecycle.whenSafe(action, cancelled);
}

/** The name of a non-method may be user input, and is not shown. */
function hasMethod(room: Room, method: string): boolean {
  try {
    return typeof methodsOf(room)[method] === 'function';
  } catch {
    return false;
  }
}

function methodsOf(room: Room): Record<string, (...args: unknown[]) => unknown> {
  return room.instance!.service as Record<string, (...args: unknown[]) => unknown>;
}
