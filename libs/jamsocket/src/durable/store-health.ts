import { describeError } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import type { StoreOperation } from '../observe/room-observer.js';
import type { GroupCommit } from './group-commit.js';

type Question = Exclude<StoreOperation, 'commit'>;

/** A commit without an answer for so long counts as an outage. Clients are sent away after twice that. */
const SLOW_MS = 5_000;
/**
 * A question that failed counts for so long. If nobody asks again, the store gets the benefit of the doubt: a process that
 * a load balancer has taken out of service would otherwise never learn that the store is back.
 */
const FRESH_MS = 10_000;

/** Whether the store works, judged by its answers so far. It is not asked anything for this. */
export class StoreHealth {
  /** Questions whose last answer was a failure, with the time of the clock. */
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
