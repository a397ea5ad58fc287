import { inspect } from 'node:util';
import type { JamsocketClock } from '../../base/sources.js';
import type { RoomStore, WriteOutcome } from '../../store/room-store.js';
import type { CommitWatch, Entry } from './commit-source.js';
import { StoreAnswers } from './store-answers.js';

/** Milliseconds after which a commit without an answer counts as failed and is retried. */
const DEADLINE_MS = 10_000;
/** Milliseconds before the first retry. They double with each retry, up to the maximum. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** After this many failures a batch is split, so that one impossible write does not block the others. */
const TAKE_APART_AFTER = 2;
/** This many writes are first tried alone. If all of them fail, the store is at fault and not a write. */
const PROBES = 8;

/** What the writer of batches calls. */
export interface BatchOwner {
  /** Changes that came meanwhile, for a batch that has `count` writes. */
  moreThan(count: number): readonly Entry[];
  /** The store has failed. */
  tellWaiting(batch: readonly Entry[]): void;
}

/** Writes batches into the store, and does not give up: a batch that fails again and again is taken apart. */
export class BatchWriter {
  /** The error of the last commit; `undefined` while the store works. */
  failure: unknown = undefined;
  readonly #answers: StoreAnswers;
  #isStopped = false;
  readonly #sleeping = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly store: RoomStore,
    private readonly clock: JamsocketClock,
    private readonly watch: CommitWatch,
    private readonly owner: BatchOwner,
  ) {
    this.#answers = new StoreAnswers(clock);
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

  /** Retries until the store has committed the batch, except for writes that only fail alone. Never rejects. */
  async write(batch: readonly Entry[]): Promise<void> {
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
      waiting = [...waiting, ...this.owner.moreThan(waiting.length)];
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
      this.owner.tellWaiting(batch);
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
