import type { Type } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { CloseCode } from '../base/protocol.js';
import { JamsocketError, RefusedError } from '../base/errors.js';
import { assertCloseReason } from '../base/close-code.js';
import type { RoomAddress, RoomName } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { Durability } from '../durable/durability.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { FreeRoomIds } from './free-room-ids.js';
import { addressNamed } from './room-name.js';
import type { RoomRegistry } from './room-registry.js';
import type { RoomCall } from '../room/room-event.js';
import type { Room } from '../room/room.js';
import { currentTurn, inTurn, isInTurnOf, type TurnChain } from '../room/turn-scope.js';

/** Names of a class's methods. */
export type MethodOf<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T] & string;
export type ArgumentsOf<T, M extends keyof T> = T[M] extends (...args: infer A) => unknown ? A : never;
export type ResultOf<T, M extends keyof T> = T[M] extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Rooms from outside: for controllers, other services and other rooms. */
export class JamsocketRooms {
  readonly #freeIds: FreeRoomIds;

  /** @internal */
  constructor(
    private readonly registry: RoomRegistry,
    private readonly definitions: ReadonlyMap<Type, RoomDefinition>,
    /** `null` without a store. */
    private readonly durability: Pick<Durability, 'delete'> | null = null,
  ) {
    this.#freeIds = new FreeRoomIds(registry);
  }

  /**
   * Makes a room, with a generated id if none is given, and resolves when its `@OnCreate` has run. If nobody joins it
   * within `unjoinedMs` it stops.
   * @throws RefusedError `room_exists` (409), `bad_room_id` (400), `too_many_rooms`, `draining` (503); JamsocketError
   * `not_a_room_service`; the error of a failed `@OnCreate`
   */
  async create(service: Type, room?: RoomName): Promise<JamsocketContext> {
    const definition = this.#definitionOf(service);
    return this.createIn(definition, room);
  }

  /**
   * @internal
   * @param admit runs before the room is made, and may refuse
   */
  async createIn(
    definition: RoomDefinition,
    room?: RoomName,
    admit?: (address: RoomAddress) => Promise<void>,
  ): Promise<JamsocketContext> {
    for (;;) {
      const address = addressNamed(definition, room ?? this.#freeIds.next(definition));
      await admit?.(address);
      try {
        return (await this.registry.create(definition, address)).context;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        if (error.code === 'room_failed') throw error.cause;
        // A generated id may have been given to another room while the guards were asked.
        if (error.code !== 'room_exists' || room !== undefined) throw error;
      }
    }
  }

  /** The context of a running room, or `undefined`. */
  get(service: Type, room: RoomName): JamsocketContext | undefined {
    return this.#find(service, room)?.context;
  }

  /** The contexts of all running rooms, of one service or of all. */
  list(service?: Type): JamsocketContext[] {
    return this.registry.list(service && this.#definitionOf(service)).map((room) => room.context);
  }

  /**
   * Closes every client of a room with 1000 and stops it.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it has stopped
   * @throws JamsocketError `bad_close_code`, `not_a_room_service`
   */
  async close(service: Type, room: RoomName, reason = ''): Promise<boolean> {
    assertCloseReason(reason);
    const found = this.#find(service, room);
    if (found === undefined) return false;
    const isOwnTurn = isInTurnOf(found);
    found.close(CloseCode.normal, reason);
    // A room that closes itself cannot wait for its end: this turn is part of it.
    if (!isOwnTurn) await found.stopped;
    return true;
  }

  /**
   * Ends a room for good: as `close`, and what was saved of it is deleted, whether it is running or not.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it is gone
   * @throws JamsocketError `bad_close_code`, `not_a_room_service`; StoreError if the store does not answer
   */
  async delete(service: Type, room: RoomName, reason = ''): Promise<boolean> {
    assertCloseReason(reason);
    const definition = this.#definitionOf(service);
    const { key } = addressNamed(definition, room);
    const found = this.registry.get(definition, key);
    if (found !== undefined) {
      found.destroy(reason);
      if (!isInTurnOf(found)) await found.stopped;
      return true;
    }
    if (this.durability === null || !definition.options.durable) return false;
    return this.durability.delete({ service: definition.service, key });
  }

  /**
   * Calls a method of a room's service as a turn of that room's mailbox, and resolves with what it returns.
   *
   * A room cannot invoke itself, not even through another room: its turn would wait for a turn that can only begin
   * after it. Call `this.method()` instead.
   * @throws RefusedError `room_not_found` (404), `room_stopped` (503), `bad_room_id` (400); JamsocketError
   * `room_invokes_itself`, `not_a_room_service`; whatever the method throws
   */
  async invoke<T extends object, M extends MethodOf<T>>(
    service: Type<T>,
    room: RoomName,
    method: M,
    ...args: ArgumentsOf<T, M>
  ): Promise<ResultOf<T, M>> {
    const found = this.#find(service, room);
    if (found === undefined)
      throw new RefusedError(404, 'room_not_found', `${service.name} has no running room ${JSON.stringify(room)}.`);
    if (isInTurnOf(found)) {
      const message = `${service.name}.${method} was invoked in a turn of the room it belongs to, "${found.address.key}": it would wait for itself. Call the method directly.`;
      throw new JamsocketError('room_invokes_itself', message);
    }
    return callAsTurn(found, method, args, currentTurn()) as Promise<ResultOf<T, M>>;
  }

  #find(service: Type, room: RoomName): Room | undefined {
    const definition = this.#definitionOf(service);
    return this.registry.get(definition, addressNamed(definition, room).key);
  }

  #definitionOf(service: Type): RoomDefinition {
    const definition = this.definitions.get(service);
    if (definition === undefined) {
      throw new JamsocketError(
        'not_a_room_service',
        `${service?.name} is not a room service of this application: decorate it with @JamsocketService() and list it in a module's providers.`,
      );
    }
    return definition;
  }
}

function callAsTurn(room: Room, method: string, args: unknown[], caller: TurnChain | undefined): Promise<unknown> {
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
