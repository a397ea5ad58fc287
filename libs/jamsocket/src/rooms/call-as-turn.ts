import { AsyncResource } from 'node:async_hooks';
import { RefusedError } from '../base/errors.js';
import { countFailure } from '../room/turns/failure.js';
import type { RoomCall } from '../room/room-event.js';
import type { Room } from '../room/room.js';
import type { TurnRecord } from '../room/turns/turn-record.js';
import { inTurn, type TurnChain } from '../room/turns/turn-scope.js';

/** Runs a method of the room's instance as a turn of the room, in the caller's async context. */
export function callAsTurn(
  room: Room,
  method: string,
  args: readonly unknown[],
  caller: TurnChain | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = new MethodCall(room, method, args, caller, resolve, reject);
    call.scope.runInAsyncScope(() => room.invoke(call));
  });
}

/** A call of a method from outside the room. */
class MethodCall implements RoomCall {
  /** Its own scope: what the method enters in it (AsyncLocalStorage.enterWith) must not leak into the caller. */
  readonly scope = new AsyncResource('JamsocketInvoke');
  readonly runAsCaller: RoomCall['runAsCaller'];

  constructor(
    private readonly room: Room,
    private readonly method: string,
    private readonly args: readonly unknown[],
    private readonly caller: TurnChain | undefined,
    private readonly resolve: (value: unknown) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.runAsCaller = room.observer?.wantsTurns ? (run) => this.scope.runInAsyncScope(run) : undefined;
  }

  get name(): string {
    const { room, method } = this;
    return `${room.definition.type.name}.${hasMethod(room, method) ? method : '(unknown)'}`;
  }

  async run(record: TurnRecord | undefined): Promise<void> {
    const { room, method, args, caller } = this;
    let value: unknown;
    try {
      // `async`, since there may be no such method.
      value = await inTurn(room, caller, async () => methodsOf(room)[method](...args));
    } catch (error) {
      return this.#failed(error, record);
    }
    whenSafe(
      room,
      () => this.resolve(value),
      () => this.refuse(),
    );
  }

  fail(error: unknown): void {
    this.reject(error);
  }

  refuse(): void {
    this.reject(new RefusedError(503, 'room_stopped', `Room "${this.room.address.key}" has stopped.`));
  }

  #failed(error: unknown, record: TurnRecord | undefined): void {
    const { room, name } = this;
    record?.fail(error);
    countFailure(room.definition, name, error);
    room.observer?.turnFailed(room.context, name, undefined, error);
    whenSafe(
      room,
      () => this.reject(error),
      () => this.refuse(),
    );
  }
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
