/** A promise that a test resolves by hand. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** A list of events in order. A test can wait for an entry. */
export class Journal {
  readonly entries: string[] = [];
  #waiting: (() => void)[] = [];

  add(entry: string): void {
    this.entries.push(entry);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  clear(): void {
    this.entries.length = 0;
  }

  /** Resolves when the entry is there. After some seconds it rejects with the entries so far. */
  async has(entry: string, patienceMs = 5_000): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.entries.includes(entry)) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`"${entry}" did not happen; what did: ${JSON.stringify(this.entries)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
