import { after } from '../base/after.js';
import { RefusedError } from '../base/errors.js';
import type { AddressCounts } from '../base/limits/address-counts.js';
import type { ResumeRequest } from '../members/resumption.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { Room } from '../room/room.js';
import type { Arrival, KeptPlace, Placement, Reservation } from './reservation.js';
import type { RoomRegistry, StartedRoom } from './room-registry.js';
import { RoomReservation } from './room-reservation.js';

/** Places clients in rooms of this process. */
export class LocalPlacement implements Placement {
  constructor(private readonly registry: RoomRegistry) {}

  get placesKept(): AddressCounts {
    return this.registry.placesKept;
  }

  placeKept(definition: RoomDefinition, key: string, resume: ResumeRequest): KeptPlace | undefined {
    return this.registry.get(definition, key)?.members.holderOf(resume)?.session ?? undefined;
  }

  reserve(definition: RoomDefinition, arrival: Arrival): Reservation | Promise<Reservation> {
    const { address } = arrival.client;
    const running = this.registry.get(definition, address.key);
    if (running !== undefined) return this.#enter({ room: running, isReserved: false }, definition, arrival);
    const isImplicit = definition.options.roomIds === 'implicit';
    // Where clients cannot create rooms, they can still enter a room that was saved.
    const isSaved = !isImplicit && definition.options.durable !== false;
    return after(this.registry.started(definition, address, { isCreated: isImplicit || isSaved, isSaved }), (started) =>
      this.#enter(started, definition, arrival),
    );
  }

  #enter(
    started: StartedRoom | undefined,
    definition: RoomDefinition,
    arrival: Arrival,
  ): Reservation | Promise<Reservation> {
    const { key } = arrival.client.address;
    if (started === undefined) throw new RefusedError(404, 'no_such_room', `There is no room "${key}".`);
    const { room, isReserved } = started;
    try {
      requireSpace(room, arrival, isReserved ? 1 : 0);
      if (room.reserve()) return new RoomReservation(room, arrival);
    } finally {
      if (isReserved) room.occupancy.release();
    }
    return room.stopped.then(() => this.reserve(definition, arrival));
  }
}

/** @param reserved reservations that the arrival has already */
function requireSpace(room: Room, { resume }: Arrival, reserved = 0): void {
  room.requireStore();
  // A client that resumes has its place already, so the room's limit does not apply to it.
  if (resume !== undefined && room.members.holderOf(resume) !== undefined) return;
  const { occupancy, definition, address, isSwamped } = room;
  if (isSwamped) throw new RefusedError(503, 'room_busy', `Room "${address.key}" has too much to do at the moment.`);
  if (occupancy.size - reserved < definition.options.limits.maxClientsPerRoom) return;
  throw new RefusedError(503, 'room_full', `Room "${address.key}" is full.`);
}
