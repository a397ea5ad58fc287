import type { JamsocketClock } from '../../base/sources.js';

/** If a room's output has waited for the store this long, its clients are disconnected and new ones are refused. */
export const MAX_WAIT_MS = 10_000;

/** Why and for how long the output of a room with `save: 'turn'` cannot leave. */
export class UnsavedOutput {
  /** The gate overflowed, and nothing has passed since. */
  isFlooded = false;
  /** Since when the state cannot be saved, on the clock; -1 if it can. */
  #unsavableSince = -1;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly clock: JamsocketClock,
    private readonly waitsTooLong: () => void,
  ) {}

  get isStuck(): boolean {
    const since = this.#unsavableSince;
    return this.isFlooded || (since >= 0 && this.clock.now() - since >= MAX_WAIT_MS);
  }

  savable(): void {
    this.#unsavableSince = -1;
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Nothing leaves the room until its state can be saved. The clients do not wait for that without limit. */
  unsavable(): void {
    if (this.#unsavableSince < 0) this.#unsavableSince = this.clock.now();
    this.#timer ??= this.clock.setTimeout(() => {
      this.#timer = null;
      this.waitsTooLong();
    }, MAX_WAIT_MS);
  }
}
