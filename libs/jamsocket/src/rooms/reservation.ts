import type { IncomingMessage } from 'node:http';
import type { AddressCounts } from '../base/address-counts.js';
import type { Client } from '../members/client.js';
import type { ResumeRequest } from '../members/resumption.js';
import type { Link } from '../outbox/link.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** Someone who wants into a room. */
export interface Arrival {
  /** Its `address` names the room. */
  readonly client: Client;
  /** It speaks `jamsocket.v1`. */
  readonly isResumable: boolean;
  /** Its connection was lost, and it wants to go on; `undefined` if it comes for the first time. */
  readonly resume: ResumeRequest | undefined;
}

/** The place of a client whose connection was lost, or is about to be. */
export interface KeptPlace {
  /** The attempt to come back to it that is under way. Whoever begins another MUST supersede this one first. */
  attempt: { supersede(): void } | null;
}

/** Opens the connection of the client that sits down. @returns `undefined` if whoever wanted it has gone */
export type OpenLink = (client: Client) => Link | undefined;

/**
 * A place in a running room, promised to one arrival. The room stays open for it.
 *
 * The gateway
 * - MUST call `sit` or `release`, and MUST NOT call anything afterwards except `release`, which does nothing then;
 * - MUST call `admit` before `sit` if the guards of the service need a room, and MUST release the reservation if they refuse.
 *
 * An implementation
 * - MUST count the reservation as a client of the room until it is over;
 * - MUST call `open` at most once, when nothing can refuse the client any more, and MUST seat it in the same tick of the event
 *   loop: what its connection receives is for the room;
 * - MUST open the connection of the client that was there before, if the arrival can go on as that, and end that client's
 *   earlier connection; if the arrival cannot go on, what is left of the earlier client MUST leave the room;
 * - MUST NOT seat anyone if `open` gives nothing.
 */
export interface Reservation {
  /**
   * Asks the guards that belong to the room.
   * @throws RefusedError if one says no, or whatever one throws
   */
  admit(request: IncomingMessage): void | Promise<void>;
  /**
   * Gives the arrival its seat. The reservation is over then, whatever comes of it.
   * @returns false if the room has begun to stop meanwhile: its successor is to be asked
   * @throws RefusedError `room_full` if the arrival cannot go on as the client it was, and there is no place for one more
   */
  sit(open: OpenLink): boolean | Promise<boolean>;
  /** Gives the place back. */
  release(): void;
}

/**
 * Whoever places rooms: in this process, or on other nodes. It is all that the gateway knows of rooms.
 *
 * An implementation
 * - MUST let one arrival and the next into the same room if both ask for the same address at the same time;
 * - MUST wait for a room that is stopping, and reserve a place in its successor;
 * - MUST NOT refuse a client that comes back to its place because the room is full;
 * - MUST NOT answer with a promise if it need not wait: a connect that waits for nothing makes none.
 */
export interface Placement {
  /** Places that are kept, by the address they were given to. */
  readonly placesKept: AddressCounts;
  /** The place the arrival comes back to, as far as this process knows without waiting. */
  placeKept(definition: RoomDefinition, arrival: Arrival): KeptPlace | undefined;
  /**
   * Reserves a place in the room of the arrival's address. The room is made if there is none and room ids are implicit.
   * @throws RefusedError `no_such_room`, `room_failed`, `room_busy`, `room_full`, `too_many_rooms`, `draining`,
   *   `store_unavailable`, `room_unreadable`
   */
  reserve(definition: RoomDefinition, arrival: Arrival): Reservation | Promise<Reservation>;
}
