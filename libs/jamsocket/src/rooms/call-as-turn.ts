import { AsyncResource } from 'node:async_hooks';
import { RefusedError } from '../base/errors.js';
import { countFailure } from '../room/failure.js';
import type { RoomCall } from '../room/room-event.js';
import type { Room } from '../room/room.js';
import { inTurn, type TurnChain } from '../room/turn-scope.js';

/** Runs a method of the room's instance as a turn of the room, in the caller's async context. */
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
    // Its own scope: what the method enters in it (AsyncLocalStorage.enterWith) must not leak into the caller.
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
            countFailure(room.definition, name(), error);
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

/** Runs `action` when the room is saved: the result of a call leaves the room just as a message does. */
function whenSafe({ lifecycle }: Room, action: () => void, cancelled: () => void): void {
  if (lifecycle === null) action();
  else lifecycle.whenSafe(action, cancelled);
}

/** Errors do not show the name of a non-method: it may be user input. */
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
