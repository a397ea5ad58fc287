import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** What is known of a room at one moment. */
export interface FoundRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  /** Clients in it. */
  readonly size: number;
}

/**
 * The port between code that names rooms (`JamsocketRooms`, `RoomHandle`) and the rooms, which may be in another process.
 *
 * An implementation MUST look the room up at each call, since it may have moved or been made anew, and MUST hand the
 * calls that one caller makes to one room over in their order. It MUST have copied the bytes of a message when it returns its
 * promise; arguments and results of `invoke` may be copies or not. Every mistake and refusal MUST reject, and MUST NOT be thrown: with the errors of
 * the `JamsocketContext` method of the same name for arguments, with RefusedError `room_not_found` (404) if no such room is
 * running, and with `room_stopped` (503) if it stops first. It MUST NOT wait without end for a process that does not answer, and
 * MUST NOT carry out a call twice.
 */
export interface RoomCalls {
  /**
   * Resolves when the room's `@OnCreate` has run.
   * MUST reject with `room_exists`, `room_failed` (with the error of `@OnCreate` as its cause), `too_many_rooms` or `draining`.
   */
  create(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom>;
  /** MUST resolve with `undefined` for a room that is starting or stopping. */
  find(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom | undefined>;
  /** Running rooms, of one service or of all. */
  list(definition?: RoomDefinition): Promise<FoundRoom[]>;
  /**
   * Calls a method as a turn of the room and resolves with its result, or rejects with its error.
   * MUST reject with `room_invokes_itself` in a turn of that room, also where calls to other rooms lie between.
   */
  invoke(definition: RoomDefinition, address: RoomAddress, method: string, args: readonly unknown[]): Promise<unknown>;
  /**
   * Resolves when the room has taken the message; MUST NOT wait for a turn of the room, nor for clients to receive it.
   * A `Client` among the recipients MUST be passed over unless it is in that room.
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
   * MUST NOT wait for the end of a room in whose turn it is called.
   */
  close(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean>;
  /**
   * As `close`, and deletes what was saved of the room, also if it is not running.
   * MUST NOT resolve while it may be restored.
   */
  delete(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean>;
}
