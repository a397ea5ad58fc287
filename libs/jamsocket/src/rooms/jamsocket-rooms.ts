import type { Type } from '@nestjs/common';
import { assertBytes } from '../base/checks/assert-payload.js';
import { RefusedError } from '../base/errors.js';
import type { RoomAddress, RoomName } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { definitionOf } from './definition-of.js';
import { FreeRoomIds } from './free-room-ids.js';
import type { FoundRoom, FoundRooms, RoomCalls } from './room-calls.js';
import { RoomHandle } from './room-handle.js';
import { addressNamed } from './room-name.js';
import type { RoomRegistry } from './room-registry.js';
import type { SentToUser, UserCalls } from './user-calls.js';
import type { ArgumentsOf, EventsOf, MethodOf, ResultOf } from './service-types.js';

/** The rooms that `list` or `of` has found. */
export type RoomList<Handle> = Handle[] & {
  /** Names of nodes of the cluster that have not answered: their rooms are not in the list. */
  readonly missing: readonly string[];
};

/** Creates, finds and calls rooms from outside: from controllers, other providers and other rooms. */
export class JamsocketRooms {
  readonly #freeIds: FreeRoomIds;

  /** @internal */
  constructor(
    private readonly registry: RoomRegistry,
    private readonly definitions: ReadonlyMap<Type, RoomDefinition>,
    private readonly calls: RoomCalls,
    private readonly users: UserCalls,
  ) {
    this.#freeIds = new FreeRoomIds(registry);
  }

  /**
   * Creates a room, with a generated id if none is given, and resolves when its `@OnCreate` has run. The room stops if
   * no client joins it within `unjoinedMs`.
   * @throws RefusedError `room_exists` (409), `bad_room_id` (400), `too_many_rooms`, `draining` (503); JamsocketError
   * `not_a_room_service`; the error of a failed `@OnCreate`
   */
  async create<C extends Type<object>>(service: C, room?: RoomName): Promise<RoomHandle<InstanceType<C>, EventsOf<C>>> {
    const found = await this.createIn(this.#definitionOf(service), room);
    return new RoomHandle(this.calls, found);
  }

  /**
   * @internal
   * @param admit runs before the room is created; a rejection refuses it
   */
  async createIn(
    definition: RoomDefinition,
    room?: RoomName,
    admit?: (address: RoomAddress) => Promise<void>,
  ): Promise<FoundRoom> {
    for (;;) {
      const address = addressNamed(definition, room ?? this.#freeIds.next(definition));
      await admit?.(address);
      try {
        return await this.calls.create(definition, address);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        if (error.code === 'room_failed') throw error.cause;
        // Another room may have taken the generated id while the guards ran: try the next id.
        if (error.code !== 'room_exists' || room !== undefined) throw error;
      }
    }
  }

  /**
   * The running room with this id, or `undefined`.
   * @throws RefusedError `bad_room_id` (400); JamsocketError `not_a_room_service`
   */
  async find<C extends Type<object>>(
    service: C,
    room: RoomName,
  ): Promise<RoomHandle<InstanceType<C>, EventsOf<C>> | undefined> {
    const definition = this.#definitionOf(service);
    const found = await this.calls.find(definition, addressNamed(definition, room));
    return found && new RoomHandle(this.calls, found);
  }

  /**
   * All running rooms of one service, or of all services. In a cluster, nodes that do not answer within 2 s are named in
   * `missing` of the array.
   * @throws JamsocketError `not_a_room_service`; RefusedError `cluster_unavailable` (503)
   */
  async list(): Promise<RoomList<RoomHandle>>;
  async list<C extends Type<object>>(service: C): Promise<RoomList<RoomHandle<InstanceType<C>, EventsOf<C>>>>;
  async list(service?: Type): Promise<RoomList<RoomHandle>> {
    return this.#listOf(await this.calls.list(service && this.#definitionOf(service)));
  }

  /**
   * The running rooms that a user is in, of one service or of all services: those with a client whose `client.user` is this
   * one, connected or away. In a cluster, nodes that do not answer within 2 s are named in `missing` of the array.
   * @throws JamsocketError `bad_auth` for an invalid user, `not_a_room_service`; RefusedError `cluster_unavailable` (503)
   */
  async of(user: string): Promise<RoomList<RoomHandle>>;
  async of<C extends Type<object>>(
    user: string,
    service: C,
  ): Promise<RoomList<RoomHandle<InstanceType<C>, EventsOf<C>>>>;
  async of(user: string, service?: Type): Promise<RoomList<RoomHandle>> {
    return this.#listOf(await this.users.of(user, service && this.#definitionOf(service)));
  }

  /**
   * Sends a text, or bytes, to every client of a user, in all running rooms. A client that is away gets it when it resumes.
   * @returns to how many clients it was sent, and the names of nodes of the cluster that have not answered within 2 s
   * @throws JamsocketError `bad_auth` for an invalid user, `message_too_large` if it is longer than the `limits.maxBufferedBytes`
   * of a room (all other rooms have sent it); TypeError for a message that is neither; RefusedError `cluster_unavailable` (503)
   */
  async sendToUser(user: string, message: string | Uint8Array, options?: SendOptions): Promise<SentToUser> {
    if (typeof message !== 'string') assertBytes(message);
    return this.users.send(user, message, options);
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text to every client of a user, as `sendToUser`.
   * @throws as `sendToUser`; TypeError for data that JSON cannot carry
   */
  async emitToUser(user: string, event: string, data?: unknown, options?: SendOptions): Promise<SentToUser> {
    return this.users.send(user, JSON.stringify({ event, data }), options);
  }

  /**
   * The contexts of the running rooms in this process, of one service or of all services. Synchronous, for example for
   * statistics; rooms of other processes are not included. To reach one room, use `find`.
   * @throws JamsocketError `not_a_room_service`
   */
  localRooms(): JamsocketContext[];
  localRooms<C extends Type<object>>(service: C): JamsocketContext<EventsOf<C>>[];
  localRooms(service?: Type): JamsocketContext[] {
    return this.registry.list(service && this.#definitionOf(service)).map((room) => room.context);
  }

  /**
   * Closes every client of a room with 1000 and stops it.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it has stopped
   * @throws RefusedError `bad_room_id` (400); JamsocketError `bad_close_code`, `not_a_room_service`
   */
  async close(service: Type, room: RoomName, reason = ''): Promise<boolean> {
    const definition = this.#definitionOf(service);
    return this.calls.close(definition, addressNamed(definition, room), reason);
  }

  /**
   * Closes a room as `close` does and deletes its saved record. The room need not be running.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it has stopped and its record is deleted
   * @throws RefusedError `bad_room_id` (400); JamsocketError `bad_close_code`, `not_a_room_service`; StoreError if the
   * store does not answer
   */
  async delete(service: Type, room: RoomName, reason = ''): Promise<boolean> {
    const definition = this.#definitionOf(service);
    return this.calls.delete(definition, addressNamed(definition, room), reason);
  }

  /**
   * Calls a method of a room's service as a turn of that room and resolves with the result.
   *
   * A room cannot invoke itself, directly or through another room: its turn would wait for a turn that can only begin
   * after it. Call `this.method()` instead.
   * @throws RefusedError `room_not_found` (404), `room_stopped`, `store_unavailable` (503), `bad_room_id` (400); JamsocketError
   * `room_invokes_itself`, `not_a_room_service`; any error of the method
   */
  async invoke<T extends object, M extends MethodOf<T>>(
    service: Type<T>,
    room: RoomName,
    method: M,
    ...args: ArgumentsOf<T, M>
  ): Promise<ResultOf<T, M>> {
    const definition = this.#definitionOf(service);
    const result = this.calls.invoke(definition, addressNamed(definition, room), method, args);
    return result as Promise<ResultOf<T, M>>;
  }

  #listOf(found: FoundRooms): RoomList<RoomHandle> {
    const handles = found.map((room) => new RoomHandle(this.calls, room));
    // Not enumerable, so that the list is an ordinary array to everything that copies, compares or sends it.
    return Object.defineProperty(handles, 'missing', { value: found.missing ?? [] }) as RoomList<RoomHandle>;
  }

  #definitionOf(service: Type): RoomDefinition {
    return definitionOf(this.definitions, service);
  }
}
