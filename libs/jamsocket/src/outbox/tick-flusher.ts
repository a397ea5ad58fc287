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
  #first: Flushable[] = [];
  readonly #flushAll = (): void => {
    if (this.isHeld) return this.permit!.whenAgain(this.#flushAll);
    if (this.#first.length > 0) this.#flushFirst();
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
    if (this.#scheduled.push(outbox) > 1 || this.#first.length > 0) return;
    this.#start();
  }

  /** Flushes before the outboxes: what this sends leaves in the same tick. */
  scheduleFirst(sender: Flushable): void {
    if (this.#first.push(sender) > 1 || this.#scheduled.length > 0) return;
    this.#start();
  }

  #flushFirst(): void {
    for (const sender of this.#first) sender.flushTick();
    this.#first = [];
  }

  #start(): void {
    if (this.intervalMs === 0) setImmediate(this.#flushAll);
    else setTimeout(this.#flushAll, this.intervalMs);
  }
}
