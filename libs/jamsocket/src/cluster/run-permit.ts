/** Whether this node may run its rooms now, and what continues when it may again. */
export class RunPermit {
  #lease: { mayRun(): boolean } | null = null;
  #halted = new Set<() => void>();

  /** Ask it before each turn, flush and commit: the answer is only about this moment. */
  mayRun(): boolean {
    return this.#lease !== null && this.#lease.mayRun();
  }

  /** The lease that decides from now on; `null` if the node has none. */
  follow(lease: { mayRun(): boolean } | null): void {
    this.#lease = lease;
  }

  /** Runs an action, once, when the node may run again. It must not throw. */
  whenAgain(action: () => void): void {
    this.#halted.add(action);
  }

  /** The node may run again. */
  resume(): void {
    const halted = this.#halted;
    this.#halted = new Set();
    for (const action of halted) action();
  }
}
