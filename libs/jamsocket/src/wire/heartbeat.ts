import type { JamsocketClock } from '../base/sources.js';
import type { Watch } from './connection-sink.js';
import type { Connection } from './connection.js';

/** The sweep visits the connections in this many parts, so that pings never go out all at once. */
const PARTS = 20;

/**
 * Part of the time between two visits after which a silent peer is pinged; the rest is for a sweep that comes late. A
 * peer that sends heartbeats of its own is rarely silent for so long.
 */
const PING_AFTER = 0.5;
const PING_BEATING_AFTER = 0.75;
/** After so many parts of the sweep, five times in an interval, peers that we do not read from are told that we are there. */
const TELL_UNREAD_EVERY = PARTS / 5;

/**
 * Finds peers that are gone without a word. One timer sweeps all connections, a part of them at a time, and visits
 * each once an interval: whoever was silent for half an interval is pinged, whoever was silent for the timeout is cut.
 */
export class Heartbeat implements Watch<Connection> {
  /**
   * Milliseconds as of the last part of the sweep, since reading the time for every message would cost more than it tells.
   * Rounded up: a fraction would cost each connection an object, and nobody is to be cut too early.
   */
  now: number;
  readonly #parts = Array.from({ length: PARTS }, () => new Set<Connection>());
  #nextPart = 0;
  #current = 0;
  /** Connections that are not read, and some that are read again. */
  readonly #paused = new Set<Connection>();
  #size = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Until when the sweep has come, on the clock. */
  #sweptUntil = 0;
  #sweptAt = 0;
  /** What was said before this may still be unread: the process was stalled. */
  #listensSince = 0;
  /** A ping after a longer silence would come with no visit left before the timeout. */
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

  /** Visits as many parts as are due: a busy process is late for every tick, and that must not add up. */
  #sweep(): void {
    const now = this.clock.now();
    this.now = Math.ceil(now);
    // Timers run before sockets are read, so a stall would look like everybody's silence.
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

/** `heartbeat: false`: nobody watches, so nobody was silent. */
export const NO_HEARTBEAT: Pick<Heartbeat, 'now' | 'add' | 'paused' | 'remove'> = {
  now: Infinity,
  add: () => undefined,
  paused: () => undefined,
  remove: () => undefined,
};
