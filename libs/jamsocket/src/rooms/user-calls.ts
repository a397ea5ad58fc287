import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { FoundRooms } from './room-calls.js';

/** What became of a message to a user. */
export interface SentToUser {
  /** To how many clients it was sent. */
  readonly clients: number;
  /** Names of nodes of the cluster that have not answered: the user may have clients in their rooms. */
  readonly missing: readonly string[];
}

/**
 * The port between code that names users (`JamsocketRooms`) and the rooms they are in, which may be in other processes.
 *
 * An implementation
 * - MUST look the user up at each call;
 * - MUST count clients that are away, and MUST NOT count clients whose `@OnConnect` has not begun;
 * - MUST report every error as a rejection, after it has tried all rooms;
 * - MUST copy bytes before it returns its promise;
 * - MUST NOT wait forever for a process that does not answer.
 */
export interface UserCalls {
  /** The running rooms that the user is in, each once; of one service, or of all. */
  of(user: string, definition?: RoomDefinition): Promise<FoundRooms>;
  /** Sends to every client of the user. */
  send(user: string, message: string | Uint8Array, options?: SendOptions): Promise<SentToUser>;
}
