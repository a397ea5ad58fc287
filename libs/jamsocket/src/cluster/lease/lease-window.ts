import type { JamsocketClock } from '../../base/sources.js';

/** A moment on both clocks. Take it before a renewal is sent: the lease may begin at any time after it. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export function momentOf(clock: JamsocketClock): Moment {
  return { monotonic: clock.now(), wall: clock.wallTime() };
}

/** The wall clock is read no more often than this: it costs as much as the monotonic clock (60 ns each, measured). */
const WALL_EVERY_MS = 1;

/** The time during which this node may run its rooms. */
export class LeaseWindow {
  #until = -Infinity;
  #maxAhead = Infinity;
  #wallReadAt = -Infinity;

  /**
   * @param lengthMs the lease without its margin; Infinity if no time ends it
   * @param marginMs
   */
  constructor(
    private readonly clock: JamsocketClock,
    private readonly lengthMs: number,
    private readonly marginMs: number,
  ) {}

  /**
   * Call it before each turn, flush and commit. The monotonic clock decides. It stands still while the machine is suspended,
   * so a wall clock that has run ahead of it ends the lease, too.
   */
  mayRun(): boolean {
    // A clock may cost as much as the turn that asks.
    if (this.#until === Infinity) return true;
    const now = this.clock.now();
    if (now - this.#wallReadAt > WALL_EVERY_MS) this.#readWallClock(now);
    return now < this.#until;
  }

  /** The lease was renewed by a call that was sent at that moment. */
  extend({ monotonic, wall }: Moment): void {
    const until = monotonic + this.lengthMs;
    if (until <= this.#until) return;
    this.#until = until;
    this.#maxAhead = wall - monotonic + this.marginMs;
  }

  close(): void {
    this.#until = -Infinity;
  }

  #readWallClock(now: number): void {
    this.#wallReadAt = now;
    if (this.clock.wallTime() - now > this.#maxAhead) this.close();
  }
}
