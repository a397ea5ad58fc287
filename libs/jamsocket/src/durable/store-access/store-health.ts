import { describeError } from '../../base/foreign-value.js';
import type { JamsocketClock } from '../../base/sources.js';
import type { StoreOperation } from '../../observe/room-observer.js';
import type { GroupCommit } from './group-commit.js';

type Question = Exclude<StoreOperation, 'commit'>;

/** A commit without an answer for this long counts as an outage. Clients are disconnected after twice as long. */
const SLOW_MS = 5_000;
/**
 * A failed read counts for this long. Afterwards the store counts as healthy again: a process that a load balancer has
 * taken out of service gets no connects, and so would never learn that the store is back.
 */
const FRESH_MS = 10_000;

/** Whether the store works, judged by its answers to the rooms. It gets no extra requests. */
export class StoreHealth {
  /** Kinds of reads that failed the last time, with the time on the clock. */
  readonly #failures = new Map<Question, { readonly error: unknown; readonly at: number }>();

  constructor(
    private readonly commits: Pick<GroupCommit, 'failure' | 'waitingMs'>,
    private readonly clock: JamsocketClock,
  ) {}

  answered(question: Question): void {
    this.#failures.delete(question);
  }

  failed(question: Question, error: unknown): void {
    this.#failures.set(question, { error, at: this.clock.now() });
  }

  /** Why durable rooms cannot be saved or opened, in words; `undefined` while they can. */
  get outage(): string | undefined {
    const { failure, waitingMs } = this.commits;
    const seconds = Math.floor(waitingMs / 1_000);
    if (failure !== undefined) return `The store has taken nothing for ${seconds} s: ${textOf(failure)}`;
    if (waitingMs >= SLOW_MS) return `The store has not answered a commit for ${seconds} s.`;
    for (const { error, at } of this.#failures.values())
      if (this.clock.now() - at < FRESH_MS) return `The store does not answer: ${textOf(error)}`;
    return undefined;
  }
}

function textOf(error: unknown): string {
  return describeError(error).message;
}
