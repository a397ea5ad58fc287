import type { RoomWrite, WriteOutcome } from '../../store/room-store.js';

/** A room whose changes are written. */
export interface CommitSource {
  /**
   * What has to be written; `undefined` if there is nothing, or while a turn is under way: the room adds itself again when
   * the turn has ended. Never throws.
   */
  takeWrite(): RoomWrite | undefined;
  /** The room has been abandoned: nothing more is written for it. */
  readonly isOver: boolean;
  /** The store has committed or refused the write that was taken. */
  written(outcome: WriteOutcome): void;
  /** The store has failed to write; the write will be retried. */
  isWaiting(): void;
}

/** Is told how commits succeed. Its methods must not throw. */
export interface CommitWatch {
  /** The store has answered for each of these writes, after this many milliseconds. */
  committed(writes: readonly RoomWrite[], durationMs: number): void;
  /** A commit has failed and will be retried. */
  failed(error: unknown): void;
  /** A commit has succeeded after failures. */
  recovered(): void;
}

/** A write, and the room that it is of. */
export interface Entry {
  readonly source: CommitSource;
  readonly write: RoomWrite;
}
