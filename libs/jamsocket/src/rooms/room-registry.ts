import { after } from '../base/after.js';
import { inDetachedContext } from '../base/async-context.js';
import { RefusedError } from '../base/errors.js';
import { storeUnavailable } from '../durable/room-refusals.js';
import type { AddressCounts } from '../base/limits/address-counts.js';
import type { UserIndex } from '../auth/user-index.js';
import type { Link } from '../outbox/link.js';
import type { RoomAddress } from '../members/room-address.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { HandedRoom } from '../durable/handed-room.js';
import { Room } from '../room/room.js';
import type { RoomKey } from '../store/room-store.js';
import type { RoomServices } from '../room/room-services.js';
import { LiveRooms, type RoomEntry } from './registry/live-rooms.js';
import { whenMade, whenSaved, whenStarted } from './registry/when-started.js';

interface How {
  /** Fail if there is no saved record. */
  readonly mustBeSaved: boolean;
  /** The caller has to release a reservation. */
  readonly isReserved: boolean;
}

/** What `started` found. */
export interface StartedRoom {
  readonly room: Room;
  /** This call has made the room, with a reservation that the caller has to release. */
  readonly isReserved: boolean;
}

/** All rooms of the application. One address has at most one room at a time. */
export class RoomRegistry extends LiveRooms {
  /** Finds out whether another node hands the room over that is about to start. */
  handedOver: ((room: RoomKey) => HandedRoom | undefined) | null = null;
  #isClosed = false;

  constructor(
    private readonly services: RoomServices,
    private readonly maxRooms: number,
  ) {
    super();
  }

  /** Clients whose connection is lost and whose places are kept, by address. */
  get placesKept(): AddressCounts {
    return this.services.placesKept;
  }

  /** The clients of the rooms by user. */
  get users(): UserIndex {
    return this.services.users;
  }

  /**
   * The room at this address, once it has started. It may have begun to stop by then.
   * @param isCreated what to do if there is none: create one, or give `undefined`
   * @param isSaved the room is created only if it was saved
   * @throws RefusedError `no_such_room`, `room_failed`, `too_many_rooms`, `draining`, `room_unreadable`, `store_unavailable`
   */
  started(
    definition: RoomDefinition,
    address: RoomAddress,
    { isCreated, isSaved }: { readonly isCreated: boolean; readonly isSaved: boolean },
  ): StartedRoom | undefined | Promise<StartedRoom | undefined> {
    if (!isSaved) return this.#startedNow(definition, address, isCreated, false);
    return this.#exists(definition, address).then((exists) => {
      if (!exists) throw noSuchRoom(address);
      return this.#startedNow(definition, address, isCreated, true);
    });
  }

  #startedNow(
    definition: RoomDefinition,
    address: RoomAddress,
    isCreated: boolean,
    mustBeSaved: boolean,
  ): StartedRoom | undefined | Promise<StartedRoom> {
    const existing = this.entriesOf(definition).get(address.key);
    if (existing === undefined) {
      if (!isCreated) return undefined;
      return after(this.#startReserved(definition, address, mustBeSaved), (room) => ({ room, isReserved: true }));
    }
    const { room } = existing;
    const waits = room.state === 'starting' ? whenStarted(existing) : undefined;
    return after(waits, () => ({ room, isReserved: false }));
  }

  /**
   * Creates a room that has no client yet.
   * @throws RefusedError `room_exists`, `room_failed`, `too_many_rooms`, `draining`
   */
  async create(definition: RoomDefinition, address: RoomAddress): Promise<Room> {
    for (;;) {
      const existing = this.entriesOf(definition).get(address.key);
      if (existing !== undefined) {
        if (existing.room.state === 'starting' || existing.room.state === 'running') throw roomExists(address);
        await existing.room.stopped;
        continue;
      }
      const entry = this.#start(definition, address, { mustBeSaved: false, isReserved: false });
      await whenMade(entry);
      const { room } = entry;
      // The room was abandoned, for example by a shutdown: the next try reports why.
      if (!room.hasStarted) continue;
      room.occupancy.expectJoin();
      if (room.context.restored !== undefined) throw roomExists(address);
      await whenSaved(room, this.services.clock);
      return room;
    }
  }

  /** Takes over the room that another node hands over. @param isUnjoined it waits for its first client */
  async takeOver(definition: RoomDefinition, address: RoomAddress, isUnjoined: boolean): Promise<void> {
    if (this.isTaken(definition, address.key)) return;
    const room = await this.#startReserved(definition, address);
    if (isUnjoined) room.occupancy.expectJoin();
    room.occupancy.release();
  }

  /** Restores a saved room so that it handles what is due; it stops again if it has no clients. */
  async wake(definition: RoomDefinition, address: RoomAddress): Promise<void> {
    const room = this.entriesOf(definition).get(address.key)?.room;
    // A room that is there handles its timers itself.
    if (room !== undefined) return;
    const restored = await this.#startReserved(definition, address);
    // After the turns of everything that was due.
    restored.whenTurnComes(() => this.#letGo(restored));
  }

  /** A woken room may be empty: it stops again unless a client has joined since. */
  #letGo(room: Room): void {
    if (room.lifecycle?.isExpired && room.occupancy.size === 1) room.destroy('expired');
    room.occupancy.release();
  }

  /**
   * For calls from outside: the room at this address, with a reservation. A room that is saved and not running is restored
   * first; `undefined` if there is no such room.
   * @throws RefusedError `room_failed`, `room_unreadable`, `store_unavailable`, `too_many_rooms`, `draining`
   */
  async reserveSaved(definition: RoomDefinition, address: RoomAddress): Promise<Room | undefined> {
    if (!definition.options.durable || !(await this.#exists(definition, address))) return undefined;
    for (;;) {
      const existing = this.entriesOf(definition).get(address.key);
      let room: Room;
      try {
        if (existing === undefined) room = await this.#startReserved(definition, address, true);
        else [room] = [existing.room, await whenStarted(existing)];
      } catch (error) {
        if (error instanceof RefusedError && error.code === 'no_such_room') return undefined;
        throw error;
      }
      room.requireStore();
      if (existing === undefined ? room.state === 'running' : room.reserve()) return room;
      await room.stopped;
    }
  }

  /** Whether the room is here or saved. Asked before anything is made or claimed: ids that clients invent are cheap. */
  async #exists(definition: RoomDefinition, { key }: RoomAddress): Promise<boolean> {
    if (this.isTaken(definition, key)) return true;
    try {
      return (await this.services.isSaved(definition, key)) || this.isTaken(definition, key);
    } catch (error) {
      throw storeUnavailable(`Room "${key}" cannot be opened: its store does not answer.`, error);
    }
  }

  /** Connections that this server has closed and whose sockets have not ended yet. */
  get closing(): ReadonlySet<Link> {
    return this.services.closing;
  }

  /** Refuses to create rooms from now on. */
  refuseNew(): void {
    this.#isClosed = true;
  }

  /**
   * Makes the room, with a reservation that keeps it open: the clients of a restored room may all leave at once.
   */
  #startReserved(definition: RoomDefinition, address: RoomAddress, mustBeSaved = false): Room | Promise<Room> {
    const entry = this.#start(definition, address, { mustBeSaved, isReserved: true });
    return after(whenMade(entry), () => entry.room);
  }

  #start(definition: RoomDefinition, address: RoomAddress, { mustBeSaved, isReserved }: How): RoomEntry {
    const entries = this.entriesOf(definition);
    if (this.#isClosed) throw new RefusedError(503, 'draining', 'The server is shutting down.');
    if (this.size >= this.maxRooms || entries.size >= definition.options.limits.maxRooms) {
      throw new RefusedError(503, 'too_many_rooms', 'No more rooms can be made at the moment.');
    }
    const room = new Room(definition, address, this.services, this.#forget);
    const handed = this.handedOver?.(room.key);
    const entry: RoomEntry = { room, started: undefined };
    // Before it starts: its constructor or @OnCreate may ask for the room.
    this.added(entry);
    if (isReserved) room.occupancy.reserve();
    entry.started = inDetachedContext(() => room.start(mustBeSaved, handed)) ?? undefined;
    return entry;
  }

  readonly #forget = (room: Room): void => {
    this.removed(room);
    void this.services.ownership?.release(room.key);
  };
}

function noSuchRoom({ key }: RoomAddress): RefusedError {
  return new RefusedError(404, 'no_such_room', `There is no room "${key}".`);
}

function roomExists({ key }: RoomAddress): RefusedError {
  return new RefusedError(409, 'room_exists', `Room "${key}" exists already.`);
}
