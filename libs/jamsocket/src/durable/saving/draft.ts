import type { RecordDelta } from '../room-recorder.js';

/** Code that waits until something is saved. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What was taken from a draft in order to write it. */
export interface TakenDraft {
  /** `null` if there is nothing to write. */
  readonly delta: RecordDelta | null;
  /** What waits at the gate up to this mark may leave when the delta is written. */
  readonly mark: number;
  /** When the last snapshot was taken, on the clock. */
  readonly snapshotAt: number;
  readonly waiters: readonly Waiter[];
  /** When it was taken, on the clock. */
  readonly since: number;
}

const NONE: readonly Waiter[] = [];

/** The changes that snapshots have found and no write has taken yet. A write takes it whole. */
export class Draft {
  #delta: RecordDelta | null = null;
  #mark = 0;
  #snapshotAt = 0;
  #waiters: Waiter[] | null = null;

  get isEmpty(): boolean {
    return this.#delta === null;
  }

  /** What waits at the gate up to this mark may leave when the delta is written. */
  get mark(): number {
    return this.#mark;
  }

  get waiters(): readonly Waiter[] {
    return this.#waiters ?? NONE;
  }

  /** @param delta `undefined` if nothing has changed */
  add(delta: RecordDelta | undefined, mark: number, snapshotAt: number): void {
    this.#mark = mark;
    this.#snapshotAt = snapshotAt;
    if (delta !== undefined) this.#delta = this.#delta === null ? delta : merged(this.#delta, delta);
  }

  /** Code waits until what was added is saved, even if that is nothing. */
  get isAwaited(): boolean {
    return this.#waiters !== null;
  }

  /** The record is to be deleted, whatever has changed. */
  discard(): void {
    this.#delta = {};
  }

  wait(waiter: Waiter): void {
    (this.#waiters ??= []).push(waiter);
  }

  take(since: number): TakenDraft {
    return { delta: this.#delta, mark: this.#mark, snapshotAt: this.#snapshotAt, waiters: this.waiters, since };
  }
}

function merged(first: RecordDelta, then: RecordDelta): RecordDelta {
  return {
    ...first,
    ...then,
    parts: { ...first.parts, ...then.parts },
    segments: [...(first.segments ?? []), ...(then.segments ?? [])],
  };
}
