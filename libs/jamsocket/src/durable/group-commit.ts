import type { JamsocketClock } from '../base/sources.js';
import { withDeadline } from '../base/within-timeout.js';
import type { RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';

/** A room that has something to write now and then. */
export interface CommitSource {
  /**
   * What has to be written; `undefined` if that is nothing, or if a turn is under way: the room asks again when it has
   * ended. Never throws.
   */
  takeWrite(): RoomWrite | undefined;
  /** It has been given up: nothing is written for it any more. */
  readonly isOver: boolean;
  /** The write that was taken is as durable as the store makes it, or the store has refused it. */
  written(outcome: WriteOutcome): void;
  /** The store does not take what there is to write. It is tried again. */
  isWaiting(): void;
}

/** Who hears how the store does. Nothing of it throws. */
export interface CommitWatch {
  /** The store has answered for each of these writes, after so many milliseconds. */
  committed(writes: readonly RoomWrite[], durationMs: number): void;
  /** A try has failed. */
  failed(error: unknown): void;
  /** The store takes writes again. */
  recovered(): void;
}

interface Entry {
  readonly source: CommitSource;
  readonly write: RoomWrite;
}

/** After so long without an answer a commit counts as failed, and is tried again. */
const DEADLINE_MS = 10_000;
/** A store that fails is tried again after so long, and after twice as long each time, up to the last. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** A batch that failed so often is taken apart: one write that cannot be made must not keep the others waiting. */
const TAKE_APART_AFTER = 2;
/** So many are tried alone at first: if the store takes none of them, it is not a write that is at fault. */
const PROBES = 8;
/** As the conformance suite of stores has them. */
const MAX_BATCH = 10_000;

/**
 * Writes what all rooms of the process have to write, one batch at a time: a store that flushes once for many rooms is
 * many times faster than one that flushes for each (measured with LMDB: 22,500 writes of 4 kB a second in batches, 1,800 alone).
 */
export class GroupCommit {
  readonly #dirty = new Set<CommitSource>();
  #isScheduled = false;
  #isCommitting = false;
  #isStopped = false;
  /** Why the store does not take writes at the moment. */
  failure: unknown = undefined;
  /** When the first try of the batch that is under way began, on the clock. */
  #waitsSince = 0;
  readonly #sleeping = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly store: RoomStore,
    private readonly clock: JamsocketClock,
    private readonly watch: CommitWatch,
  ) {}

  /** The source has something to write. */
  add(source: CommitSource): void {
    this.#dirty.add(source);
    if (this.#isScheduled || this.#isCommitting) return;
    this.#isScheduled = true;
    // At the end of the tick: what other rooms and other messages change until then goes along.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#next();
    });
  }

  /** The source is gone: what it had to write is let go. */
  remove(source: CommitSource): void {
    this.#dirty.delete(source);
  }

  /** Milliseconds since a batch was given to the store that it has not taken yet; 0 if there is none. */
  get waitingMs(): number {
    return this.#isCommitting ? this.clock.now() - this.#waitsSince : 0;
  }

  /** Rooms that wait for their turn to be written. */
  get waitingRooms(): number {
    return this.#dirty.size;
  }

  /** Tries nothing again: the process ends. */
  stop(): void {
    this.#isStopped = true;
    for (const [timer, wake] of this.#sleeping) {
      this.clock.clearTimeout(timer);
      wake();
    }
    this.#sleeping.clear();
  }

  #next(): void {
    if (this.#isCommitting || this.#isStopped) return;
    const batch = this.#take(MAX_BATCH);
    if (batch.length > 0) {
      this.#isCommitting = true;
      void this.#commit(batch).then(() => {
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

  /** Tries until the store has taken the batch, but for writes that it takes no part of. Never rejects. */
  async #commit(batch: readonly Entry[]): Promise<void> {
    this.#waitsSince = this.clock.now();
    let waiting = batch;
    let retryMs = FIRST_RETRY_MS;
    for (let tries = 1; waiting.length > 0; tries++) {
      const error = await this.#try(waiting);
      if (error === undefined) break;
      this.failure = error;
      for (const { source } of waiting) source.isWaiting();
      await this.#sleep(retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      waiting = this.#stillWanted(waiting);
      // What has come meanwhile shows whether it is one of the others that the store does not take.
      waiting = [...waiting, ...this.#take(MAX_BATCH - waiting.length)];
      if (tries >= TAKE_APART_AFTER && waiting.length > 1) waiting = await this.#takeApart(waiting, tries);
    }
    if (this.failure === undefined || this.#isStopped) return;
    this.failure = undefined;
    this.watch.recovered();
  }

  /**
   * Tries writes alone, some of them first. If the store takes any, it is the others that are at fault: they are tried
   * again on their own, and nobody waits for them.
   * @param tries others are tried first each time
   * @returns those to be tried again together
   */
  async #takeApart(batch: readonly Entry[], tries: number): Promise<readonly Entry[]> {
    const step = Math.ceil(batch.length / PROBES);
    const isProbe = (index: number) => (index + tries) % step === 0;
    const probes = batch.filter((_, index) => isProbe(index));
    const failed = await this.#failing(probes);
    if (failed.length === probes.length) return batch;
    failed.push(...(await this.#failing(batch.filter((_, index) => !isProbe(index)))));
    for (const entry of failed) void this.#retryAlone(entry);
    return [];
  }

  async #failing(entries: readonly Entry[]): Promise<Entry[]> {
    const errors = await Promise.all(entries.map((entry) => this.#try([entry])));
    return entries.filter((_, index) => errors[index] !== undefined);
  }

  async #retryAlone(entry: Entry): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      await this.#sleep(retryMs);
      if (this.#stillWanted([entry]).length === 0 || (await this.#try([entry])) === undefined) return;
      entry.source.isWaiting();
    }
  }

  #stillWanted(waiting: readonly Entry[]): readonly Entry[] {
    return this.#isStopped ? [] : waiting.filter(({ source }) => !source.isOver);
  }

  /** @returns why it failed */
  async #try(batch: readonly Entry[]): Promise<unknown> {
    let outcomes: readonly WriteOutcome[];
    const writes = batch.map(({ write }) => write);
    const since = this.clock.now();
    try {
      const commit = this.store.commit(writes);
      outcomes = await withDeadline(commit, DEADLINE_MS, this.clock, notAnswered);
      if (outcomes.length !== batch.length)
        throw new Error(`commit resolved with ${outcomes.length} outcomes for ${batch.length} writes`);
    } catch (error) {
      this.watch.failed(error);
      return error ?? new Error('commit failed without a reason');
    }
    this.watch.committed(writes, this.clock.now() - since);
    batch.forEach(({ source }, index) => source.written(outcomes[index]));
    return undefined;
  }

  #sleep(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(() => {
        this.#sleeping.delete(timer);
        resolve();
      }, ms);
      this.#sleeping.set(timer, resolve);
    });
  }
}

function notAnswered(): Error {
  return new Error(`The store has not answered in ${DEADLINE_MS} ms.`);
}
