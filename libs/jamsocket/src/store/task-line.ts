/** Runs tasks one after another; each starts when the previous one has settled. */
export class TaskLine {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when every task so far has settled. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
