import { inspect } from 'node:util';
import type { JamsocketClock } from '../../base/sources.js';
import type { RunPermit } from '../../cluster/run-permit.js';
import type { RoomStore, RoomWrite, WriteOutcome } from '../../store/room-store.js';
import { StoreAnswers } from './store-answers.js';

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

interface Entry {
  readonly source: CommitSource;
  readonly write: RoomWrite;
}

/** Milliseconds after which a commit without an answer counts as failed and is retried. */
const DEADLINE_MS = 10_000;
/** Milliseconds before the first retry. They double with each retry, up to the maximum. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** After this many failures a batch is split, so that one impossible write does not block the others. */
const TAKE_APART_AFTER = 2;
/** This many writes are first tried alone. If all of them fail, the store is at fault and not a write. */
const PROBES = 8;
/** The largest batch that the conformance suite tests stores with. */
const MAX_BATCH = 10_000;

/**
 * Writes the changes of all rooms of the process, one batch at a time. One flush for many rooms is many times faster than
 * one flush for each (measured with LMDB: 22,500 writes of 4 kB a second in batches, 1,800 alone).
 */
export class GroupCommit {
  readonly #dirty = new Set<CommitSource>();
  readonly #answers: StoreAnswers;
  #isScheduled = false;
  #isCommitting = false;
  #isStopped = false;
  /** The error of the last commit; `undefined` while the store works. */
  failure: unknown = undefined;
  /** When the first try of the batch that is under way began, on the clock. */
  #waitsSince = 0;
  readonly #sleeping = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly store: RoomStore,
    private readonly clock: JamsocketClock,
    private readonly watch: CommitWatch,
    /** `null` without a cluster. */
    private readonly permit: RunPermit | null = null,
  ) {
    this.#answers = new StoreAnswers(clock);
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
    this.#answers.giveUp();
    for (const [timer, wake] of this.#sleeping) {
      this.clock.clearTimeout(timer);
      wake();
    }
    this.#sleeping.clear();
  }

  #next(): void {
    if (this.#isCommitting || this.#isStopped) return;
    if (this.permit !== null && !this.permit.mayRun()) return this.permit.whenAgain(() => this.#next());
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

  /** Retries until the store has committed the batch, except for writes that only fail alone. Never rejects. */
  async #commit(batch: readonly Entry[]): Promise<void> {
    this.#waitsSince = this.clock.now();
    let waiting = batch;
    let retryMs = FIRST_RETRY_MS;
    for (let tries = 1; waiting.length > 0; tries++) {
      const error = await this.#try(waiting);
      if (error === undefined) break;
      this.failure = error;
      await this.#sleep(retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      waiting = this.#stillWanted(waiting);
      // Changes that came meanwhile join the batch: they show whether the store works for other writes.
      waiting = [...waiting, ...this.#take(MAX_BATCH - waiting.length)];
      if (tries >= TAKE_APART_AFTER && waiting.length > 1) waiting = await this.#takeApart(waiting, tries);
    }
    if (this.failure === undefined || this.#isStopped) return;
    this.failure = undefined;
    this.watch.recovered();
  }

  /**
   * Tries writes alone, a few of them first. If one of these succeeds, the store works, and the writes that failed are at
   * fault: they are retried one by one, and no other room waits for them.
   * @param tries selects different writes as the first each time
   * @returns the writes to retry as a batch
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
      outcomes = await this.#answers.of(() => this.store.commit(writes), DEADLINE_MS, notAnswered);
      assertOutcomes(outcomes, batch.length);
    } catch (error) {
      if (this.#isStopped) return error;
      this.watch.failed(error);
      this.#tellWaiting(batch);
      return error ?? new Error('commit failed without a reason');
    }
    this.watch.committed(writes, this.clock.now() - since);
    batch.forEach(({ source }, index) => source.written(outcomes[index]));
    return undefined;
  }

  /** Tells all rooms that wait: while a store hangs, these include rooms whose writes it has not been given yet. */
  #tellWaiting(batch: readonly Entry[]): void {
    const waiting = new Set([...batch.map(({ source }) => source), ...this.#dirty]);
    for (const source of waiting) source.isWaiting();
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

/** A store that answers wrongly may not have written anything. */
function assertOutcomes(outcomes: readonly WriteOutcome[], count: number): void {
  if (outcomes.length !== count)
    throw new Error(`commit resolved with ${outcomes.length} outcomes for ${count} writes`);
  for (const outcome of outcomes) {
    if (outcome !== 'done' && outcome !== 'fenced')
      throw new Error(`commit resolved with the outcome ${inspect(outcome)}, which is neither 'done' nor 'fenced'`);
  }
}

function notAnswered(): Error {
  return new Error(`The store has not answered in ${DEADLINE_MS} ms.`);
}
