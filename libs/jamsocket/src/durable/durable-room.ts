import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { RoomStates } from '../shared-state/room-states.js';
import type { RoomKey } from '../store/room-store.js';
import type { SavedTimer } from './record.js';

/**
 * Everything that durability knows of a room.
 *
 * An implementation
 * - MUST NOT throw unless the method says so;
 * - MUST NOT run a handler before a call returns while the room is starting;
 * - MUST have `isBetweenTurns` false from the start of a turn until all of its work has settled.
 */
export interface DurableRoom {
  readonly key: RoomKey;
  readonly address: RoomAddress;
  /** For logs and errors. */
  readonly className: string;
  /** The room's service and its room-scoped providers. */
  readonly stateHolders: readonly object[];
  /** No turn is under way. */
  readonly isBetweenTurns: boolean;
  readonly members: Members;
  /** The room's shared states; `null` if there are none. */
  readonly states: RoomStates | null;
  readonly context: JamsocketContext;
  /** `null` while no observer is registered. */
  readonly observer: ObserverSet | null;
  readonly timers: {
    /** Timers of `setTimer` that have not had their turns. */
    saved(wallOffset: number): readonly SavedTimer[];
    /** @param moment whether the previous instance crashed, and milliseconds since 1970 at 0 on the clock */
    restore(timers: readonly SavedTimer[], moment: { readonly wallOffset: number; readonly mayHaveRun: boolean }): void;
  };
  /** The client keeps its connection, which follows the room from another node. */
  isAwaited(id: number): boolean;
  /** Makes a saved client a member again, without a connection. */
  readmit(client: Client): void;
  /** The client has left or cannot resume: runs its `@OnDisconnect`. */
  leave(client: Client, code: number, reason: string): void;
  /** Another owner has claimed the room: stops this instance without running handlers. */
  lost(): void;
  /** Closes the connections and keeps the places of clients that can resume. */
  park(): void;
  report(error: unknown): void;
}
