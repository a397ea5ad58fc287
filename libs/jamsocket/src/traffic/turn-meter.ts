/**
 * Turns of one handler that are timed in a millisecond. Recording a duration with OpenTelemetry takes tens of microseconds on
 * a busy machine: more of them would show in the throughput.
 */
const MAX_TIMED_PER_MS = 0.1;
/** So many turns are timed before their rate is looked at for the first time. */
const WINDOW = 64;
/** One turn in this many is timed at least. */
const SPARSEST = 1024;

/**
 * Gets the durations of turns.
 * @param times how many turns it stands for, the others of which were not timed
 */
export type DurationListener = (handler: string, durationMs: number, times: number) => void;

/**
 * Times the turns of one handler in all rooms of a service: every turn, or, while there are more than 100 a second, about
 * 100 of them, each of which stands for the untimed ones before it. Which ones does not depend on how long they take.
 */
export class TurnMeter {
  /** One turn in this many is timed. */
  #every = 1;
  /** Turns since the last one that was timed. */
  #untimed = 0;
  #timed = 0;
  #windowBegan = -Infinity;
  #lastMs = 0;

  constructor(
    readonly handler: string,
    private readonly listeners: readonly DurationListener[],
  ) {}

  /** Call it at the start of each turn. @returns how many turns this one stands for; 0 if it need not be timed */
  begin(): number {
    const every = this.#every;
    if (every === 1) return 1;
    if (++this.#untimed < every) return 0;
    this.#untimed = 0;
    return every;
  }

  /** A turn that `begin` wanted timed has ended. @param now milliseconds on the clock */
  end(began: number, now: number, times: number): void {
    this.#lastMs = now - began;
    this.#tell(times);
    if (++this.#timed < (this.#every === 1 ? WINDOW : 1)) return;
    const every = (this.#timed * this.#every) / (now - this.#windowBegan) / MAX_TIMED_PER_MS;
    this.#timed = 0;
    this.#windowBegan = now;
    // Turns come in bursts: the rate between two of them says little.
    this.#every = Math.ceil(Math.min(Math.max(every, this.#every / 2), this.#every * 2, SPARSEST));
    if (this.#every === 1) this.#passOnUntimed();
  }

  /** Passes on the turns that were not timed, before the durations are read. The rate is looked at anew. */
  flush(): void {
    this.#every = 1;
    this.#timed = 0;
    this.#windowBegan = -Infinity;
    this.#passOnUntimed();
  }

  /** The last duration stands for them. */
  #passOnUntimed(): void {
    const untimed = this.#untimed;
    this.#untimed = 0;
    if (untimed > 0) this.#tell(untimed);
  }

  #tell(times: number): void {
    for (const listener of this.listeners) listener(this.handler, this.#lastMs, times);
  }
}
