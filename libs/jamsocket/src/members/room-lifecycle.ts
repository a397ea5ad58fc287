import type { Outbox } from '../outbox/outbox.js';

/**
 * How the previous instance ended: `idle` when the room was empty, `restart` when its process shut down, `moved` when the
 * room went to another node, `crash` if none of these was recorded.
 */
export type RestoreReason = 'crash' | 'restart' | 'moved' | 'idle';

/** `ctx.restored`: how and when the previous instance was saved. */
export interface Restored {
  readonly reason: RestoreReason;
  /** Version of the class that saved the room. */
  readonly version: number;
  /** When the room was saved last. */
  readonly savedAt: Date;
}

/** Sizes of the parts of a saved room, in bytes. */
export interface SavedSizes {
  readonly state: number;
  /** `data` and tags of the clients. */
  readonly clientData: number;
  /** Who the members are, and the timers. */
  readonly members: number;
  /** The log that clients resume from, and the changes since `members` was written. */
  readonly log: number;
}

/** What is saved of a room, and what waits to be. */
export interface RoomSaving {
  /** `turn`, or milliseconds from a change to its save. */
  readonly save: 'turn' | number;
  /** Time of the saved state, in milliseconds since 1970; `undefined` before the first save. */
  readonly savedAt: number | undefined;
  /** Sizes of the record as this instance wrote it last; `undefined` before its first save. */
  readonly sizes: SavedSizes | undefined;
  /** Number of saves since the room was new. */
  readonly saves: number;
  /** Number of this instance at the store: the next one has a larger one. */
  readonly fence: number;
  /** Something may have changed since the last save. */
  readonly isUnsaved: boolean;
  /** What waits at the output gate, and how long the oldest of it has waited at most; `undefined` if nothing does. */
  readonly gated: { readonly bytes: number; readonly forMs: number } | undefined;
}

/**
 * Lets a room outlive its instance. A room that is not durable has none and pays one comparison with `null`.
 *
 * An implementation
 * - MUST take snapshots between turns only, except for `save`;
 * - MUST release what waits at its gate in order, and nothing that a crash could still undo;
 * - MUST NOT write anything after `abandon`, nor after `release` or `delete` has resolved;
 * - MUST NOT run a handler before a call returns;
 * - MUST NOT throw unless the method says so: it is called in the middle of a room's turns.
 */
export interface RoomLifecycle<Client> {
  /** `undefined` for a new room. */
  readonly restored: Restored | undefined;
  /** The room was unused for so long that it will be deleted unless a client joins. */
  readonly isExpired: boolean;
  /** The store has not answered for so long that the room takes no more clients. */
  readonly isStuck: boolean;
  /** Read only when somebody looks: each call makes a new object. */
  readonly saving: RoomSaving;

  /** Wraps the room's outbox so that messages wait until they are safe to send. May return `open` itself. */
  gate(open: Outbox): Outbox;

  /**
   * Becomes the owner of the record and restores the room from it. Called before `@OnCreate` and before clients can join.
   * @throws RefusedError `room_unreadable`, `store_unavailable`
   */
  restore(): Promise<void>;

  /** `@OnCreate` has run: clients may join. */
  started(): void;

  /**
   * Called after `abandon` if the instance has not started: the next one must not take its end for a crash. Waits for a
   * claim that is under way. Never rejects.
   */
  giveBack(): Promise<void>;

  /** What is saved may have changed: a turn of any kind is over, or something has changed between turns. */
  changed(): void;

  /** An asynchronous turn begins. No snapshot can be taken until it ends, so take one now if messages wait. */
  turnMayWait(): void;

  /** The client is no longer a member; its `@OnDisconnect` has not run yet. */
  leaving(client: Client): void;

  /** The client's `@OnDisconnect` has run. */
  left(client: Client): void;

  /**
   * Runs an action that is visible outside the room when everything so far has been saved.
   * @param cancelled called instead if the room is abandoned before that
   */
  whenSafe(action: () => void, cancelled?: () => void): void;

  /**
   * Resolves when everything so far, including the present turn, is durable.
   * @throws DurableError `bad_state`, `not_saved`
   */
  save(): Promise<void>;

  /**
   * Saves this instance for the last time. Resolves when that is durable and all messages have been sent.
   * @returns false if it could not be saved: the last good record stays
   */
  release(reason: Exclude<RestoreReason, 'crash'>): Promise<boolean>;

  /** Deletes the room's record. @throws DurableError `not_saved` if another owner has claimed it */
  delete(): Promise<void>;

  /** The instance has stopped: save nothing more. */
  abandon(): void;
}
