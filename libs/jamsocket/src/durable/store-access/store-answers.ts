import type { JamsocketClock } from '../../base/sources.js';
import { withDeadline } from '../../base/within-timeout.js';

/** Waits for answers of the store, each for a limited time, and for none any more when the process ends. */
export class StoreAnswers {
  readonly #giveUps = new Set<(reason: Error) => void>();

  constructor(private readonly clock: JamsocketClock) {}

  /** @throws whatever `ask` throws, the error that `late` returns, or an Error if the process ends meanwhile */
  async of<T>(ask: () => Promise<T>, ms: number, late: () => Error): Promise<T> {
    let giveUp!: (reason: Error) => void;
    const answer = new Promise<T>((resolve, reject) => {
      giveUp = reject;
      ask().then(resolve, reject);
    });
    this.#giveUps.add(giveUp);
    try {
      return await withDeadline(answer, ms, this.clock, late);
    } finally {
      this.#giveUps.delete(giveUp);
    }
  }

  /** Without this a store that hangs would keep the process alive until the last deadline. */
  giveUp(): void {
    for (const giveUp of this.#giveUps) giveUp(new Error('The process ends before the store has answered.'));
  }
}
