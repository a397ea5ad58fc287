import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { RoomKey } from '../store/room-store.js';
import type { SavedTimer } from './record.js';

/**
 * All that durability knows of a room.
 *
 * An implementation MUST NOT throw, except where a method says so, and MUST NOT run a handler before a call returns
 * while it is starting.
 */
export interface DurableRoom {
  readonly key: RoomKey;
  readonly address: RoomAddress;
  /** For messages to people. */
  readonly className: string;
  /** The room's service, and the providers that were built for it. */
  readonly stateHolders: readonly object[];
  /** No turn is under way. */
  readonly isBetweenTurns: boolean;
  readonly members: Members;
  readonly context: JamsocketContext;
  /** `null` while no observer is registered. */
  readonly observer: ObserverSet | null;
  readonly timers: {
    /** Timers of `setTimer` that have not had their turns. */
    saved(wallOffset: number): readonly SavedTimer[];
    /** @param moment whether the instance before crashed, and milliseconds since 1970 at 0 on the clock */
    restore(timers: readonly SavedTimer[], moment: { readonly wallOffset: number; readonly mayHaveRun: boolean }): void;
  };
  /** A client that was a member when the room was saved is one again, without a connection. */
  readmit(client: Client): void;
  /** It has left, or cannot come back: its `@OnDisconnect` is due. */
  leave(client: Client, code: number, reason: string): void;
  /** Another owner has the room: everything ends here, and nobody is told by the room. */
  lost(): void;
  /** Sends the clients away for a while; their places are kept. */
  park(): void;
  report(error: unknown): void;
}
