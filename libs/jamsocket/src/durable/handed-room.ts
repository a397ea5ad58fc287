import type { TransientRecord } from './transient-record.js';

/** A room that another node hands over to this one. */
export interface HandedRoom {
  /** Resolves when this node may start the room; with false if it was not handed over after all. Never rejects. */
  readonly isGranted: Promise<boolean>;
  /** `undefined` if the room is in the store. */
  readonly record: TransientRecord | undefined;
  /** The client keeps its connection, which follows the room. */
  isAwaited(id: number): boolean;
  /** The members are there again. Resolves when those who keep their connections have them. Never rejects. */
  membersRestored(): Promise<void>;
  /** The room could not be started. */
  failed(error: unknown): void;
}
