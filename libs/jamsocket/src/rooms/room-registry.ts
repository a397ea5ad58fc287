import { inContextOfNobody } from '../base/async-context.js';
import { RefusedError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import type { AddressCounts } from '../members/address-counts.js';
import type { Client } from '../members/client.js';
import type { Link } from '../outbox/link.js';
import type { RoomAddress } from '../members/room-address.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { Room } from '../room/room.js';
import type { RoomServices } from '../room/room-services.js';

interface Place {
  readonly room: Room;
  /** Everyone who wants the room while it starts waits for this one creation. */
  readonly started: Promise<void>;
}

/** All rooms of the application. One address has at most one room at a time. */
export class RoomRegistry {
  readonly #places = new Map<RoomDefinition, Map<string, Place>>();
  #size = 0;
  #isClosed = false;
  #stops = 0;

  constructor(
    private readonly services: RoomServices,
    private readonly maxRooms: number,
  ) {}

  /** Clients whose connection is lost and who may come back. */
  get placesKept(): AddressCounts {
    return this.services.placesKept;
  }

  /**
   * The running room at this address, with a place reserved in it; made if there is none and ids are implicit. A room
   * that is stopping is waited for, and a fresh one takes its place.
   * @throws RefusedError `no_such_room`, `room_failed`, `room_busy`, `room_full`, `too_many_rooms`, `draining`
   */
  reserve(definition: RoomDefinition, address: RoomAddress): Room | Promise<Room> {
    const room = this.#placesOf(definition).get(address.key)?.room;
    if (room?.state !== 'running') return this.#reserveLater(definition, address);
    this.#requireSpace(room);
    room.reserve();
    return room;
  }

  /**
   * Makes a room for nobody yet.
   * @throws RefusedError `room_exists`, `room_failed`, `too_many_rooms`, `draining`
   */
  async create(definition: RoomDefinition, address: RoomAddress): Promise<Room> {
    for (;;) {
      const existing = this.#placesOf(definition).get(address.key);
      if (existing === undefined) break;
      if (existing.room.state !== 'draining') {
        throw new RefusedError(409, 'room_exists', `Room "${address.key}" exists already.`);
      }
      await existing.room.stopped;
    }
    const place = this.#start(definition, address);
    await this.#whenStarted(place);
    place.room.occupancy.expectJoin();
    if (place.room.context.restored !== undefined)
      throw new RefusedError(409, 'room_exists', `Room "${address.key}" exists already.`);
    return place.room;
  }

  /** Has a saved room do what is due, and stop again if nobody is in it. */
  async wake(definition: RoomDefinition, address: RoomAddress): Promise<void> {
    const room = this.#placesOf(definition).get(address.key)?.room;
    // It sees to itself.
    if (room !== undefined) return;
    const place = this.#start(definition, address);
    place.room.occupancy.reserve();
    await this.#whenStarted(place);
    // Behind all that was due.
    place.room.whenTurnComes(() => place.room.occupancy.release());
  }

  /**
   * The room at this address with a reservation, restored first if it is saved and not running; `undefined` if there is no
   * such room. For calls from outside.
   * @throws RefusedError `room_failed`, `room_unreadable`, `store_unavailable`, `too_many_rooms`, `draining`
   */
  async reserveSaved(definition: RoomDefinition, address: RoomAddress): Promise<Room | undefined> {
    if (!definition.options.durable) return undefined;
    for (;;) {
      const place = this.#placesOf(definition).get(address.key) ?? this.#start(definition, address, true);
      try {
        await this.#whenStarted(place);
      } catch (error) {
        if (error instanceof RefusedError && error.code === 'no_such_room') return undefined;
        throw error;
      }
      if (place.room.reserve()) return place.room;
      await place.room.stopped;
    }
  }

  get(definition: RoomDefinition, key: string): Room | undefined {
    const room = this.#placesOf(definition).get(key)?.room;
    return room?.state === 'running' ? room : undefined;
  }

  isTaken(definition: RoomDefinition, key: string): boolean {
    return this.#placesOf(definition).has(key);
  }

  /** Rooms of the service that have not stopped. */
  countOf(definition: RoomDefinition): number {
    return this.#placesOf(definition).size;
  }

  /** Rooms that have stopped so far. */
  get stops(): number {
    return this.#stops;
  }

  /** Running rooms, of one service or of all. */
  list(definition?: RoomDefinition): Room[] {
    const places = definition ? [this.#placesOf(definition)] : [...this.#places.values()];
    return places
      .flatMap((map) => [...map.values()].map(({ room }) => room))
      .filter((room) => room.state === 'running');
  }

  /** Ends the instances of durable rooms, and resolves when all have stopped: with the clients that were in them. */
  async suspendAll(): Promise<Client[]> {
    const durable = this.unstopped().filter(({ lifecycle }) => lifecycle !== null);
    const clients = durable.flatMap(({ members }) => members.all);
    await Promise.all(durable.map((room) => room.suspend('restart')));
    return clients;
  }

  /** Every room that has not stopped, those that start or drain included. */
  unstopped(): Room[] {
    return this.#allPlaces().map(({ room }) => room);
  }

  /** The clients of all rooms that end with their instances, whatever state those are in. */
  clients(): Client[] {
    return this.unstopped().flatMap((room) => (room.lifecycle === null ? room.members.all : []));
  }

  /** Connections that have been closed from here and whose sockets have not ended yet. */
  get closing(): ReadonlySet<Link> {
    return this.services.closing;
  }

  /** Makes no more rooms. */
  refuseNew(): void {
    this.#isClosed = true;
  }

  /** Stops every room and resolves when all have stopped. */
  async stopAll(code: number, reason: string): Promise<void> {
    this.refuseNew();
    await Promise.all(
      this.#allPlaces().map(async ({ room, started }) => {
        await started.catch(() => undefined);
        room.close(code, reason);
        await room.stopped;
      }),
    );
  }

  /**
   * Has every room stop by `deadline`, on the clock; what waits in its mailbox is given up.
   * @returns how many messages of clients each room has given up, rooms without any left out
   */
  hurryAll(deadline: number): ReadonlyMap<Room, number> {
    const all = this.unstopped().map((room) => [room, room.hurry(deadline)] as const);
    return new Map(all.filter(([, messages]) => messages > 0));
  }

  /** Gives up on rooms that do not stop by themselves. */
  async abandonAll(): Promise<void> {
    await Promise.all(this.#allPlaces().map(({ room }) => room.abandon()));
  }

  #allPlaces(): Place[] {
    return [...this.#places.values()].flatMap((places) => [...places.values()]);
  }

  async #reserveLater(definition: RoomDefinition, address: RoomAddress): Promise<Room> {
    const isImplicit = definition.options.roomIds === 'implicit';
    for (;;) {
      const existing = this.#placesOf(definition).get(address.key);
      // Where rooms are made by others, one that was saved is there all the same.
      const isSaved = !isImplicit && definition.options.durable !== false;
      const place = existing ?? (isImplicit || isSaved ? this.#start(definition, address, isSaved) : undefined);
      if (place === undefined) throw new RefusedError(404, 'no_such_room', `There is no room "${address.key}".`);
      const { room } = place;
      if (room.state === 'starting') await this.#whenStarted(place);
      this.#requireSpace(room);
      if (room.reserve()) return room;
      await room.stopped;
    }
  }

  #requireSpace({ occupancy, definition, address, isSwamped, lifecycle }: Room): void {
    if (lifecycle?.isStuck) {
      const message = `Room "${address.key}" takes no clients while its store does not answer.`;
      throw new RefusedError(503, 'store_unavailable', message, { 'Retry-After': '5' });
    }
    if (isSwamped) throw new RefusedError(503, 'room_busy', `Room "${address.key}" has too much to do at the moment.`);
    if (occupancy.size < definition.options.limits.maxClientsPerRoom) return;
    throw new RefusedError(503, 'room_full', `Room "${address.key}" is full.`);
  }

  #start(definition: RoomDefinition, address: RoomAddress, mustBeSaved = false): Place {
    const places = this.#placesOf(definition);
    if (this.#isClosed) throw new RefusedError(503, 'draining', 'The server is shutting down.');
    if (this.#size >= this.maxRooms || places.size >= definition.options.limits.maxRooms) {
      throw new RefusedError(503, 'too_many_rooms', 'No more rooms can be made at the moment.');
    }
    const room = new Room(definition, address, this.services);
    const place: Place = { room, started: inContextOfNobody(() => room.start(mustBeSaved)) };
    places.set(address.key, place);
    this.#size++;
    void room.stopped.then(() => {
      places.delete(address.key);
      this.#size--;
      this.#stops++;
    });
    return place;
  }

  async #whenStarted({ room, started }: Place): Promise<void> {
    try {
      await started;
    } catch (error) {
      if (isInstance(error, RefusedError)) throw error;
      throw new RefusedError(
        503,
        'room_failed',
        `Room "${room.address.key}" could not be created.`,
        {},
        { cause: error },
      );
    }
  }

  #placesOf(definition: RoomDefinition): Map<string, Place> {
    let places = this.#places.get(definition);
    if (places === undefined) this.#places.set(definition, (places = new Map<string, Place>()));
    return places;
  }
}
