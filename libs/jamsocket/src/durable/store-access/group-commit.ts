import type { JamsocketClock } from '../../base/sources.js';
import type { RunPermit } from '../../cluster/run-permit.js';
import type { RoomStore } from '../../store/room-store.js';
import { BatchWriter, type BatchOwner } from './batch-writer.js';
import type { CommitSource, CommitWatch, Entry } from './commit-source.js';

/** The largest batch that the conformance suite tests stores with. */
const MAX_BATCH = 10_000;

/**
 * Writes the changes of all rooms of the process, one batch at a time. One flush for many rooms is many times faster than
 * one flush for each (measured with LMDB: 22,500 writes of 4 kB a second in batches, 1,800 alone).
 */
export class GroupCommit implements BatchOwner {
  readonly #dirty = new Set<CommitSource>();
  readonly #writer: BatchWriter;
  #isScheduled = false;
  #isCommitting = false;
  #isStopped = false;
  /** When the first try of the batch that is under way began, on the clock. */
  #waitsSince = 0;

  constructor(
    store: RoomStore,
    private readonly clock: JamsocketClock,
    watch: CommitWatch,
    /** `null` without a cluster. */
    private readonly permit: RunPermit | null = null,
  ) {
    this.#writer = new BatchWriter(store, clock, watch, this);
  }

  /** The source has something to write. */
  add(source: CommitSource): void {
    this.#dirty.add(source);
    if (this.#isScheduled || this.#isCommitting) return;
    this.#isScheduled = true;
    // At the end of the tick, so that the batch includes everything that changes until then.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#next();
    });
  }

  /** The source has been abandoned: its changes are not written. */
  remove(source: CommitSource): void {
    this.#dirty.delete(source);
  }

  /** The error of the last commit; `undefined` while the store works. */
  get failure(): unknown {
    return this.#writer.failure;
  }

  /** Milliseconds that the batch under way has waited for the store; 0 if there is none. */
  get waitingMs(): number {
    return this.#isCommitting ? this.clock.now() - this.#waitsSince : 0;
  }

  /** Rooms that wait for the next batch. */
  get waitingRooms(): number {
    return this.#dirty.size;
  }

  /** The process ends: nothing more is retried or waited for. */
  stop(): void {
    this.#isStopped = true;
    this.#writer.stop();
  }

  moreThan(count: number): readonly Entry[] {
    return this.#take(MAX_BATCH - count);
  }

  /** Tells all rooms that wait: while a store hangs, these include rooms whose writes it has not been given yet. */
  tellWaiting(batch: readonly Entry[]): void {
    const waiting = new Set([...batch.map(({ source }) => source), ...this.#dirty]);
    for (const source of waiting) source.isWaiting();
  }

  #next(): void {
    if (this.#isCommitting || this.#isStopped) return;
    if (this.permit !== null && !this.permit.mayRun()) return this.permit.whenAgain(() => this.#next());
    const batch = this.#take(MAX_BATCH);
    if (batch.length > 0) {
      this.#isCommitting = true;
      this.#waitsSince = this.clock.now();
      void this.#writer.write(batch).then(() => {
        this.#isCommitting = false;
        this.#next();
      });
    }
  }

  #take(limit: number): Entry[] {
    const batch: Entry[] = [];
    for (const source of this.#dirty) {
      if (batch.length >= limit) break;
      this.#dirty.delete(source);
      const write = source.takeWrite();
      if (write !== undefined) batch.push({ source, write });
    }
    return batch;
  }
}
