import type { RunPermit } from '../cluster/run-permit.js';

/** What the flusher flushes. */
export interface Flushable {
  flushTick(): void;
}

/**
 * Flushes the outboxes that have something queued, once per tick of the event loop. `setImmediate` runs after all readable
 * sockets have been read, so the replies to their messages leave together.
 */
export class TickFlusher {
  #scheduled: Flushable[] = [];
  readonly #flushAll = (): void => {
    if (this.isHeld) return this.permit!.whenAgain(this.#flushAll);
    const scheduled = this.#scheduled;
    this.#scheduled = [];
    for (const outbox of scheduled) outbox.flushTick();
  };

  /** @param intervalMs milliseconds to gather sends for; 0 for until the end of the tick */
  constructor(
    private readonly intervalMs: number,
    /** `null` without a cluster. */
    private readonly permit: RunPermit | null = null,
  ) {}

  /** This node may not run its rooms now: what is queued waits. */
  get isHeld(): boolean {
    return this.permit !== null && !this.permit.mayRun();
  }

  /** Whether sends are gathered for longer than one tick. */
  get gathersLonger(): boolean {
    return this.intervalMs > 0;
  }

  schedule(outbox: Flushable): void {
    if (this.#scheduled.push(outbox) > 1) return;
    if (this.intervalMs === 0) setImmediate(this.#flushAll);
    else setTimeout(this.#flushAll, this.intervalMs);
  }
}
