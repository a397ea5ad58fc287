import type { RoomKey } from '../store/room-store.js';

/**
 * Knows which node owns which room.
 *
 * A node has a lease under a random name, its incarnation, and renews it. A room's entry names the incarnation that claimed
 * it and a fence, a number that grows with each claim. An entry counts only while the lease of its incarnation is alive.
 *
 * A directory may lose its last writes, for example in a failover. It then settles for one lease: it accepts the rooms that
 * living nodes assert and refuses claims. After that time every owner has either asserted its rooms or stopped running them.
 *
 * An implementation
 * - MUST apply each call as a whole or not at all, and one after the other.
 * - MUST NOT let a claim succeed while the lease of another owner of the room is alive, or while it settles.
 * - MUST give each claim a fence larger than all earlier fences of the room that it knows, larger than its own time in
 *   microseconds before the claim, and at least `minFence`. So a fence grows even if the directory has lost the last one.
 * - MUST settle for the longest lease it knows of if it is empty, if it may have lost writes, or if its clock has jumped so
 *   far that leases could have ended early. The first call after that MUST notice it.
 * - MUST change `epoch` whenever it begins to settle.
 * - MUST refuse a claim or renewal that it executes after `notAfter`, by its own clock, and a claim that it executes after
 *   a later claim of the same incarnation and room. A call whose caller has given up can be under way for a long time.
 * - MUST NOT execute a call twice, and MUST reject if it does not know whether the call was executed.
 * - MUST remove entries of ended leases at some time, a minute or more after the end.
 * - MUST NOT let an internal failure escape as an unhandled rejection or exception.
 * - MAY take any time: callers have their own deadlines.
 *
 * `describeDirectory` of `nestjs-jamsocket/testing` checks this. Nodes use it through `NodeLease`, which keeps time.
 */
export interface Directory {
  /**
   * Begins the lease of an incarnation or extends it, and checks that it owns the given rooms. While the directory settles,
   * rooms without an entry, or with a smaller fence, become the node's.
   * @throws DirectoryError `too_late`
   */
  renew(renewal: Renewal): Promise<Renewed>;

  /**
   * Makes an incarnation the owner of a room if nobody else is. An incarnation that owns the room already gets a new fence.
   * @throws DirectoryError `too_late`
   */
  claim(claim: RoomClaim): Promise<Claimed>;

  /** Gives a room up, if its entry is still the one that is named. */
  release(release: RoomRelease): Promise<Released>;

  /** The owner of a room, if its lease is alive. */
  locate(room: RoomKey): Promise<RoomOwner | undefined>;

  /** The nodes whose leases are alive. */
  nodes(): Promise<readonly DirectoryNode[]>;

  /** Ends the lease of an incarnation at once. Its rooms can then be claimed. */
  resign(incarnation: string): Promise<void>;

  /**
   * For a directory that learns at once when a node has ended: calls the listener with its incarnation. Without it, nodes
   * learn it from their next renewal.
   */
  onNodeEnded?(listener: (incarnation: string) => void): void;

  /** Closes what the directory opened itself. Calls that are under way may reject; later calls reject. */
  close(): Promise<void>;
}

export interface Renewal {
  /** A name that is never used again: letters, digits, `_` and `-`, up to 64 characters. */
  readonly incarnation: string;
  /** How long the lease lives from now. The same on all nodes. */
  readonly leaseMs: number;
  /** What other nodes read in `nodes()`, up to 4,000 characters. */
  readonly info: string;
  /** Rooms to check, up to 500. */
  readonly rooms: readonly OwnedRoom[];
  /** The directory refuses the call after this time, by its own clock (see `Renewed.now`). */
  readonly notAfter?: number;
}

export interface OwnedRoom {
  readonly room: RoomKey;
  readonly fence: number;
}

export interface Renewed {
  /** The lease was still alive. If not, other nodes may have claimed rooms of this one. */
  readonly wasAlive: boolean;
  /** The given rooms that this incarnation does not own with the given fence. */
  readonly lost: readonly OwnedRoom[];
  /** The directory's time in milliseconds. It may jump. */
  readonly now: number;
  /** Milliseconds for which claims are still refused; 0 if the directory is settled. */
  readonly settlingMs: number;
  /** A new value means that the directory may have lost writes: all rooms must be checked again. */
  readonly epoch: string;
  /** All incarnations whose leases are alive, this one included. */
  readonly nodes: readonly string[];
}

export interface RoomClaim {
  readonly room: RoomKey;
  readonly incarnation: string;
  /** Number of the claim, larger than those of all earlier claims of this incarnation. */
  readonly number: number;
  /** The fence will be at least this: one more than the fence in the room's record. */
  readonly minFence?: number;
  /** As in `Renewal`. */
  readonly notAfter?: number;
}

export type Claimed =
  /**
   * The incarnation owns the room. The fence is a safe integer. `isFailover` MAY say that the room had another owner, whose
   * lease has run out; it is only counted.
   */
  | { readonly kind: 'claimed'; readonly fence: number; readonly isFailover?: boolean }
  /** Another incarnation owns it. */
  | { readonly kind: 'owned'; readonly owner: RoomOwner }
  /** The directory settles: claim again after `retryMs`. */
  | { readonly kind: 'settling'; readonly retryMs: number }
  /** The lease of the claiming incarnation is not alive. */
  | { readonly kind: 'no_lease' };

export interface RoomOwner {
  readonly incarnation: string;
  readonly fence: number;
}

/** Names the claim by its fence, or by its number if the caller does not know the fence. */
export interface RoomRelease {
  readonly room: RoomKey;
  readonly incarnation: string;
  readonly claim: { readonly fence: number } | { readonly number: number };
  /**
   * The incarnation that owns the room from now on, if its lease is alive. It has to claim the room within one lease;
   * after that any node can.
   */
  readonly successor?: string;
}

/** `handed`: the successor owns the room. `not_owner`: nothing was changed. */
export type Released = 'released' | 'handed' | 'not_owner';

export interface DirectoryNode {
  readonly incarnation: string;
  readonly info: string;
}

/** Most rooms that a renewal checks: 500 cost Redis 0.4 to 0.9 ms (measured), and a longer call would delay others. */
export const MAX_ROOMS_PER_RENEWAL = 500;
