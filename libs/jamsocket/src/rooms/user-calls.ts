import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { FoundRoom } from './room-calls.js';

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
  of(user: string, definition?: RoomDefinition): Promise<FoundRoom[]>;
  /** Sends to every client of the user. @returns to how many */
  send(user: string, message: string | Uint8Array, options?: SendOptions): Promise<number>;
}
