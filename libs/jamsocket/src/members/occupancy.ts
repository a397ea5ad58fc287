import type { ResolvedRoomOptions } from '../options/resolved.js';
import type { JamsocketClock } from '../base/sources.js';

/**
 * Counts what keeps a room running: clients until their `@OnDisconnect` has run, and reservations of connects. When both
 * are zero, the room drains after `shutdownAfterMs` (or `unjoinedMs`).
 */
export class Occupancy {
  #clients = 0;
  #reserved = 0;
  /** Milliseconds that a room created by HTTP or by code is kept until its first client; `null` otherwise. */
  #unjoinedMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly options: Pick<ResolvedRoomOptions, 'shutdownAfterMs' | 'unjoinedMs'>,
    private readonly clock: JamsocketClock,
    private readonly end: { drain(): void },
  ) {}

  get size(): number {
    return this.#clients + this.#reserved;
  }

  get isUnjoined(): boolean {
    return this.#unjoinedMs !== null;
  }

  reserve(): void {
    this.#reserved++;
    this.cancelStop();
  }

  /** Returns a reservation: its client has joined, or will not come. */
  release(): void {
    this.#reserved--;
    this.#stopIfEmpty();
  }

  join(): void {
    this.#clients++;
    this.#unjoinedMs = null;
  }

  leave(): void {
    this.#clients--;
    this.#stopIfEmpty();
  }

  /** The room was created by HTTP or by code: until its first client it may be empty for `unjoinedMs`. */
  expectJoin(): void {
    this.#unjoinedMs = this.options.unjoinedMs;
    this.#stopIfEmpty();
  }

  cancelStop(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #stopIfEmpty(): void {
    if (this.size > 0 || this.options.shutdownAfterMs === Infinity) return;
    const ms = this.#unjoinedMs ?? this.options.shutdownAfterMs;
    if (ms === 0) return this.end.drain();
    this.cancelStop();
    this.#timer = this.clock.setTimeout(() => this.end.drain(), ms);
  }
}
