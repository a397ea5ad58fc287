import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** A room as it was when it was looked up. */
export interface FoundRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  /** Clients in it. */
  readonly size: number;
}

/** Rooms that were found. */
export type FoundRooms = FoundRoom[] & {
  /** Names of nodes that have not answered in time; their rooms are missing. `undefined` without a cluster. */
  readonly missing?: readonly string[];
};

/**
 * The port between code that names rooms (`JamsocketRooms`, `RoomHandle`) and the rooms, which may be in another process.
 *
 * An implementation
 * - MUST look the room up at each call: it may have moved or been created again;
 * - MUST deliver the calls that one caller makes to one room in their order;
 * - MUST copy the bytes of a message before it returns its promise; arguments and results of `invoke` may be copied or not;
 * - MUST report every error as a rejection and MUST NOT throw: bad arguments with the errors of the `JamsocketContext` method
 *   of the same name, RefusedError `room_not_found` (404) if no such room is running, `room_stopped` (503) if it stops first;
 * - MUST NOT wait forever for a process that does not answer;
 * - MUST NOT carry out a call twice.
 */
export interface RoomCalls {
  /**
   * Resolves when the room's `@OnCreate` has run.
   * MUST reject with `room_exists`, `room_failed` (with the error of `@OnCreate` as its cause), `too_many_rooms` or `draining`.
   */
  create(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom>;
  /** MUST resolve with `undefined` for a room that is starting or stopping. */
  find(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom | undefined>;
  /** Running rooms of one service, or of all services. */
  list(definition?: RoomDefinition): Promise<FoundRooms>;
  /**
   * Calls a method as a turn of the room and resolves with its result, or rejects with its error.
   * MUST reject with `room_invokes_itself` in a turn of that room, also if the call comes through other rooms.
   */
  invoke(definition: RoomDefinition, address: RoomAddress, method: string, args: readonly unknown[]): Promise<unknown>;
  /**
   * Resolves when the room has taken the message; MUST NOT wait for a turn of the room, nor for clients to receive it.
   * MUST skip a recipient that is a `Client` of another room.
   */
  sendMessage(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    text: string,
    options?: SendOptions,
  ): Promise<void>;
  /** As `sendMessage`. */
  sendBinary(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    bytes: Uint8Array,
    options?: SendOptions,
  ): Promise<void>;
  /**
   * Closes the room's clients with 1000. Resolves with `true` when the room has stopped, with `false` if there is none.
   * Called in a turn of that room, it MUST NOT wait for the room to stop.
   */
  close(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean>;
  /**
   * As `close`, and deletes the saved record. The room need not be running.
   * MUST NOT resolve while the room can still be restored.
   */
  delete(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean>;
}
