import type { Outbox } from '../outbox/outbox.js';

/**
 * How the instance before ended: `idle` when its room was empty, `restart` when its process shut down in order, `moved` to
 * another node; `crash` if it did not end in order.
 */
export type RestoreReason = 'crash' | 'restart' | 'moved' | 'idle';

/** What `ctx.restored` says of a room that was there before. */
export interface Restored {
  readonly reason: RestoreReason;
  /** The version of the class that saved it. */
  readonly version: number;
  /** When it was saved last. */
  readonly savedAt: Date;
}

/**
 * What lets a room outlive its instance. A room that is not durable has none, and pays a comparison with `null`.
 *
 * An implementation MUST take snapshots between turns only, except when `save` asks for one, and MUST NOT throw where it
 * does not say so: it is called in the middle of a room's turns.
 */
export interface RoomLifecycle<Client> {
  /** `undefined` for a room that is new. */
  readonly restored: Restored | undefined;
  /** Nothing has happened in the room for so long that it is to be deleted, unless somebody comes in. */
  readonly isExpired: boolean;
  /** The store has kept the room waiting for so long that it takes no more clients. */
  readonly isStuck: boolean;

  /** The way out of the room, from what would be its way out without a lifecycle. */
  gate(open: Outbox): Outbox;

  /**
   * Becomes the owner of the room and fills in what was saved, before any way in and before `@OnCreate`.
   * @throws RefusedError `room_unreadable`, `store_unavailable`
   */
  restore(): Promise<void>;

  /** `@OnCreate` has run. Resolves when clients may come in. @throws as `restore` */
  started(): Promise<void>;

  /** A turn is over, whatever kind it was. */
  turnEnded(): void;

  /** A turn begins that may wait in its middle, where no snapshot can be taken. */
  turnMayWait(): void;

  /** The client is a member no more, and its `@OnDisconnect` is still to come. */
  leaving(client: Client): void;

  /** The client's `@OnDisconnect` has run. */
  left(client: Client): void;

  /**
   * Runs an action that others can see when all of the room so far is as durable as it promises to be.
   * @param cancelled called instead if that never happens: the room has been given up
   */
  whenSafe(action: () => void, cancelled?: () => void): void;

  /**
   * Resolves when all of the room so far, the present turn included, is durable.
   * @throws DurableError `bad_state`, `not_saved`
   */
  save(): Promise<void>;

  /** The last save of this instance. Resolves when it is durable and everything that was sent has passed the gate. */
  release(reason: Exclude<RestoreReason, 'crash'>): Promise<void>;

  /** Ends the room for good: its record is deleted. */
  delete(): Promise<void>;

  /** The instance has stopped: nothing more is saved. */
  abandon(): void;
}
