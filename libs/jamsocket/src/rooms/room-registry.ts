import { after } from '../base/after.js';
import { inDetachedContext } from '../base/async-context.js';
import { RefusedError, RoomClosedError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import { withDeadline } from '../base/within-timeout.js';
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

/** How long whoever creates a room waits for the store. */
const SAVED_WITHIN_MS = 10_000;

interface RoomEntry {
  readonly room: Room;
  /** All connects and calls that come while the room starts wait for this one start; `undefined` if it takes no time. */
  started: Promise<void> | undefined;
}

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
export class RoomRegistry {
  readonly #entries = new Map<RoomDefinition, Map<string, RoomEntry>>();
  /** Finds out whether another node hands the room over that is about to start. */
  handedOver: ((room: RoomKey) => HandedRoom | undefined) | null = null;
  #size = 0;
  #isClosed = false;
  #stops = 0;

  constructor(
    private readonly services: RoomServices,
    private readonly maxRooms: number,
  ) {}

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
    const existing = this.#entriesOf(definition).get(address.key);
    if (existing === undefined) {
      if (!isCreated) return undefined;
      return after(this.#startReserved(definition, address, mustBeSaved), (room) => ({ room, isReserved: true }));
    }
    const { room } = existing;
    const waits = room.state === 'starting' ? this.#whenStarted(existing) : undefined;
    return after(waits, () => ({ room, isReserved: false }));
  }

  /**
   * Creates a room that has no client yet.
   * @throws RefusedError `room_exists`, `room_failed`, `too_many_rooms`, `draining`
   */
  async create(definition: RoomDefinition, address: RoomAddress): Promise<Room> {
    for (;;) {
      const existing = this.#entriesOf(definition).get(address.key);
      if (existing !== undefined) {
        if (existing.room.state === 'starting' || existing.room.state === 'running') throw roomExists(address);
        await existing.room.stopped;
        continue;
      }
      const entry = this.#start(definition, address, { mustBeSaved: false, isReserved: false });
      await this.#whenMade(entry);
      const { room } = entry;
      // The room was abandoned, for example by a shutdown: the next try reports why.
      if (!room.hasStarted) continue;
      room.occupancy.expectJoin();
      if (room.context.restored !== undefined) throw roomExists(address);
      await this.#whenSaved(room);
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
    const room = this.#entriesOf(definition).get(address.key)?.room;
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
      const existing = this.#entriesOf(definition).get(address.key);
      let room: Room;
      try {
        if (existing === undefined) room = await this.#startReserved(definition, address, true);
        else [room] = [existing.room, await this.#whenStarted(existing)];
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

  get(definition: RoomDefinition, key: string): Room | undefined {
    const room = this.#entriesOf(definition).get(key)?.room;
    return room?.state === 'running' ? room : undefined;
  }

  /** The room at this address, whatever state it is in, unless it has stopped. */
  unstoppedAt(definition: RoomDefinition, key: string): Room | undefined {
    return this.#entriesOf(definition).get(key)?.room;
  }

  isTaken(definition: RoomDefinition, key: string): boolean {
    return this.#entriesOf(definition).has(key);
  }

  /** Rooms of the service that have not stopped. */
  countOf(definition: RoomDefinition): number {
    return this.#entriesOf(definition).size;
  }

  /** Rooms that have not stopped. */
  get size(): number {
    return this.#size;
  }

  /** Rooms that have stopped so far. */
  get stops(): number {
    return this.#stops;
  }

  /** Running rooms of one service, or of all services. */
  list(definition?: RoomDefinition): Room[] {
    const entries = definition ? [this.#entriesOf(definition)] : [...this.#entries.values()];
    return entries
      .flatMap((map) => [...map.values()].map(({ room }) => room))
      .filter((room) => room.state === 'running');
  }

  /** Every room that has not stopped, including rooms that start or drain. */
  unstopped(): Room[] {
    return this.entries().map(({ room }) => room);
  }

  /** Connections that this server has closed and whose sockets have not ended yet. */
  get closing(): ReadonlySet<Link> {
    return this.services.closing;
  }

  /** Refuses to create rooms from now on. */
  refuseNew(): void {
    this.#isClosed = true;
  }

  /** Every room that has not stopped, with the promise of its start. */
  entries(): RoomEntry[] {
    return [...this.#entries.values()].flatMap((entries) => [...entries.values()]);
  }

  /**
   * Makes the room, with a reservation that keeps it open: the clients of a restored room may all leave at once.
   */
  #startReserved(definition: RoomDefinition, address: RoomAddress, mustBeSaved = false): Room | Promise<Room> {
    const entry = this.#start(definition, address, { mustBeSaved, isReserved: true });
    return after(this.#whenMade(entry), () => entry.room);
  }

  #start(definition: RoomDefinition, address: RoomAddress, { mustBeSaved, isReserved }: How): RoomEntry {
    const entries = this.#entriesOf(definition);
    if (this.#isClosed) throw new RefusedError(503, 'draining', 'The server is shutting down.');
    if (this.#size >= this.maxRooms || entries.size >= definition.options.limits.maxRooms) {
      throw new RefusedError(503, 'too_many_rooms', 'No more rooms can be made at the moment.');
    }
    const room = new Room(definition, address, this.services, this.#forget);
    const handed = this.handedOver?.(room.key);
    const entry: RoomEntry = { room, started: undefined };
    // Before it starts: its constructor or @OnCreate may ask for the room.
    entries.set(address.key, entry);
    this.#size++;
    if (isReserved) room.occupancy.reserve();
    entry.started = inDetachedContext(() => room.start(mustBeSaved, handed)) ?? undefined;
    return entry;
  }

  readonly #forget = (room: Room): void => {
    this.#entriesOf(room.definition).delete(room.address.key);
    this.#size--;
    this.#stops++;
    void this.services.ownership?.release(room.key);
  };

  /** For whoever has made the room. @throws as `#whenStarted` */
  #whenMade(entry: RoomEntry): void | Promise<void> {
    if (entry.started !== undefined) return this.#whenStarted(entry);
    const { end, address } = entry.room;
    if (end.atStart !== null) throw new RoomClosedError(address.key, end.atStart);
  }

  /** @throws RoomClosedError to those who have waited for the start */
  async #whenStarted(entry: RoomEntry): Promise<void> {
    const { room } = entry;
    const hasWaited = room.state === 'starting';
    try {
      // The constructor or @OnCreate of the room itself has called this, and has to return first.
      if (hasWaited && entry.started === undefined) await Promise.resolve();
      await entry.started;
      if (hasWaited && room.end.atStart !== null) throw new RoomClosedError(room.address.key, room.end.atStart);
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

  /** Whoever is told that the room exists finds it after a crash, if that is what its durability promises. */
  async #whenSaved({ lifecycle, address }: Room): Promise<void> {
    if (lifecycle === null) return;
    const saved = new Promise<void>((resolve, reject) => {
      const stopped = () => reject(new RefusedError(503, 'room_stopped', `Room "${address.key}" has stopped.`));
      lifecycle.whenSafe(resolve, stopped);
    });
    await withDeadline(saved, SAVED_WITHIN_MS, this.services.clock, () =>
      storeUnavailable(`Room "${address.key}" has been created, but is not saved yet: its store does not answer.`),
    );
  }

  #entriesOf(definition: RoomDefinition): Map<string, RoomEntry> {
    let entries = this.#entries.get(definition);
    if (entries === undefined) this.#entries.set(definition, (entries = new Map<string, RoomEntry>()));
    return entries;
  }
}

function noSuchRoom({ key }: RoomAddress): RefusedError {
  return new RefusedError(404, 'no_such_room', `There is no room "${key}".`);
}

function roomExists({ key }: RoomAddress): RefusedError {
  return new RefusedError(409, 'room_exists', `Room "${key}" exists already.`);
}
