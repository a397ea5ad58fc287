import type { IncomingMessage } from 'node:http';
import type { AddressCounts } from '../base/limits/address-counts.js';
import type { Client } from '../members/client.js';
import type { ResumeRequest } from '../members/resumption.js';
import type { Link } from '../outbox/link.js';
import type { ConnectionSink } from '../wire/connection-sink.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** A client that wants to enter a room. */
export interface Arrival {
  /** Its `address` names the room. */
  readonly client: Client;
  /** It speaks `jamsocket.v1`. */
  readonly isResumable: boolean;
  /** Set if the client wants to resume after a lost connection. */
  readonly resume: ResumeRequest | undefined;
  /** This process was chosen for the room, if the room is nowhere yet. */
  readonly isPlaced: boolean;
}

/** The place of a client that can resume. */
export interface KeptPlace {
  /** Asks the other node that has the room whether there is such a place. Never rejects. `undefined` if the room is here. */
  readonly isKeptThere?: () => Promise<boolean>;
  /** The resume attempt that is under way. A new attempt MUST supersede it first. */
  attempt: { supersede(): void } | null;
}

/** Opens the connection of the client that joins, which is given what it receives. @returns `undefined` if the peer has gone */
export type OpenLink = (sink: ConnectionSink) => Link | undefined;

/**
 * Keeps a running room open for one arrival.
 *
 * The gateway
 * - MUST call `join` or `release`, and MUST NOT call anything afterwards except `release`, which does nothing then;
 * - MUST call `admit` before `join` if the guards of the service need a room, and MUST release the reservation if they refuse.
 *
 * An implementation
 * - MUST count the reservation as a client of the room until it is over;
 * - MUST call `open` at most once, when nothing can refuse the client any more, and MUST let it join in the same tick of the event
 *   loop: what its connection receives belongs to the room;
 * - MUST, if the arrival can resume, open the connection of the earlier client and end its earlier connection; if it cannot,
 *   the earlier client MUST leave the room;
 * - MUST NOT let a client resume whose guards have found another user than that of the earlier client;
 * - MUST NOT let the client join if `open` returns nothing.
 */
export interface Reservation {
  /**
   * Asks the guards that belong to the room.
   * @throws RefusedError if a guard refuses; any error of a guard
   */
  admit(request: IncomingMessage): void | Promise<void>;
  /**
   * The client joins the room. Whatever the result, the reservation is over.
   * @returns false if the room has begun to stop: reserve in its successor
   * @throws RefusedError `room_full` if the client cannot resume and the room is full, `auth_expired`
   */
  join(open: OpenLink): boolean | Promise<boolean>;
  /** Releases the reservation: the client does not join. */
  release(): void;
}

/**
 * Finds or creates rooms, in this process or on other nodes. The gateway knows nothing else of rooms.
 *
 * An implementation
 * - MUST lead arrivals that ask for the same address at the same time into the same room;
 * - MUST wait for a room that is stopping, and reserve in its successor;
 * - MUST NOT refuse a client that resumes because the room is full;
 * - MUST NOT answer with a promise if it need not wait: a connect that waits for nothing makes none.
 */
export interface Placement {
  /** Counts the kept places by IP address. */
  readonly placesKept: AddressCounts;
  /** The place that a client resumes, as far as this process knows without waiting. @param key names the room */
  placeKept(definition: RoomDefinition, key: string, resume: ResumeRequest): KeptPlace | undefined;
  /**
   * Makes a reservation in the room of the arrival's address. The room is created if there is none and room ids are implicit.
   * @throws RefusedError `no_such_room`, `room_failed`, `room_busy`, `room_full`, `too_many_rooms`, `draining`,
   *   `store_unavailable`, `room_unreadable`
   */
  reserve(definition: RoomDefinition, arrival: Arrival): Reservation | Promise<Reservation>;
}
