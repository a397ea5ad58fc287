/** What the flusher flushes. */
export interface Flushable {
  flushTurn(): void;
}

/**
 * Flushes the outboxes that were written to, once an event-loop turn: `setImmediate` runs after all sockets that
 * had something to read were read, so what they caused leaves together.
 */
export class TickFlusher {
  #scheduled: Flushable[] = [];
  readonly #flushAll = (): void => {
    const scheduled = this.#scheduled;
    this.#scheduled = [];
    for (const outbox of scheduled) outbox.flushTurn();
  };

  /** @param intervalMs milliseconds to gather sends for; 0 is until the end of the turn */
  constructor(private readonly intervalMs: number) {}

  /** Whether sends are to be gathered for longer than the turn they are made in. */
  get gathersLonger(): boolean {
    return this.intervalMs > 0;
  }

  schedule(outbox: Flushable): void {
    if (this.#scheduled.push(outbox) > 1) return;
    if (this.intervalMs === 0) setImmediate(this.#flushAll);
    else setTimeout(this.#flushAll, this.intervalMs);
  }
}
