import type { JamsocketClock } from '../base/sources.js';
import type { Watch } from './connection-sink.js';
import type { Connection } from './connection.js';

/** The sweep visits the connections in this many parts, so that pings are spread over the interval. */
const PARTS = 20;

/**
 * A peer is pinged after this part of the interval in silence; the rest allows for a delayed sweep. A peer that sends
 * its own heartbeats has a longer part, so that it rarely needs a ping.
 */
const PING_AFTER = 0.5;
const PING_BEATING_AFTER = 0.75;
/** Every so many parts of the sweep, five times in an interval, peers of paused connections are told that we are alive. */
const TELL_UNREAD_EVERY = PARTS / 5;

/**
 * Finds dead connections. One timer sweeps all connections in parts and visits each once in an interval: a peer that was
 * silent for half an interval is pinged, one that was silent for the timeout is cut.
 */
export class Heartbeat implements Watch<Connection> {
  /**
   * Milliseconds, as of the last part of the sweep: precise enough, and cheaper than reading the clock for every message.
   * An integer needs no heap allocation in each connection; rounded up, so that no peer is cut too early.
   */
  now: number;
  readonly #parts = Array.from({ length: PARTS }, () => new Set<Connection>());
  #nextPart = 0;
  #current = 0;
  /** Paused connections, and resumed ones until the next check. */
  readonly #paused = new Set<Connection>();
  #size = 0;
  #timer: NodeJS.Timeout | null = null;
  /** The time up to which the sweep has visited its parts. */
  #sweptUntil = 0;
  #sweptAt = 0;
  /** Silence before this time does not count: the process was stalled, and a peer's bytes may still be unread. */
  #listensSince = 0;
  /** A ping after a longer silence would leave no visit before the timeout. */
  readonly #pingWithinMs: number;

  constructor(
    private readonly clock: JamsocketClock,
    private readonly intervalMs: number,
    private readonly timeoutMs: number,
  ) {
    this.now = Math.ceil(clock.now());
    this.#pingWithinMs = Math.min(intervalMs, timeoutMs - intervalMs);
  }

  add(connection: Connection): void {
    const now = this.clock.now();
    this.now = Math.ceil(now);
    connection.lastHeard = this.now;
    connection.heartbeatPart = this.#nextPart;
    this.#parts[this.#nextPart].add(connection);
    this.#nextPart = (this.#nextPart + 1) % PARTS;
    if (this.#size++ > 0) return;
    this.#sweptUntil = now;
    this.#sweptAt = now;
    this.#timer = this.clock.setInterval(() => this.#sweep(), this.intervalMs / PARTS);
  }

  paused(connection: Connection): void {
    this.#paused.add(connection);
  }

  remove(connection: Connection): void {
    this.#paused.delete(connection);
    if (!this.#parts[connection.heartbeatPart].delete(connection) || --this.#size > 0 || this.#timer === null) return;
    this.clock.clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Visits all parts that are due: in a busy process the timer fires late, and the delays must not add up. */
  #sweep(): void {
    const now = this.clock.now();
    this.now = Math.ceil(now);
    // Timers run before sockets are read, so after a stall every peer would seem silent.
    if (now - this.#sweptAt > this.intervalMs / 2) this.#listensSince = now;
    this.#sweptAt = now;
    const partMs = this.intervalMs / PARTS;
    const due = Math.min(PARTS, Math.max(1, Math.floor((now - this.#sweptUntil) / partMs)));
    this.#sweptUntil = Math.max(this.#sweptUntil + due * partMs, now - partMs);
    for (let visited = 0; visited < due; visited++) this.#visitNextPart(now);
  }

  #visitNextPart(now: number): void {
    this.#current = (this.#current + 1) % PARTS;
    if (this.#current % TELL_UNREAD_EVERY === 0) this.#tellUnread();
    for (const connection of this.#parts[this.#current]) {
      const silence = now - connection.lastHeard;
      const blamed = now - Math.max(connection.lastHeard, this.#listensSince);
      // While we do not read from it, its silence is our doing. A ping still finds out that its end of the connection is gone.
      if (blamed >= this.timeoutMs && !connection.isPaused) connection.terminate('heartbeat timeout');
      else if (silence >= this.#pingWithinMs * (connection.beats ? PING_BEATING_AFTER : PING_AFTER)) connection.ping();
    }
  }

  #tellUnread(): void {
    for (const connection of this.#paused) {
      if (connection.isPaused) connection.stayUnread();
      else this.#paused.delete(connection);
    }
  }
}

/** For `heartbeat: false`. */
export const NO_HEARTBEAT: Pick<Heartbeat, 'now' | 'add' | 'paused' | 'remove'> = {
  now: Infinity,
  add: () => undefined,
  paused: () => undefined,
  remove: () => undefined,
};
