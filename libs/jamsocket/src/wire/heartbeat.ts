import type { JamsocketClock } from '../base/sources.js';
import type { Watch } from './connection-sink.js';
import type { Connection } from './connection.js';
import { Sweep } from './sweep.js';

/** A peer is pinged after this part of the interval in silence; the rest allows for a delayed sweep. */
const PING_AFTER = 0.5;
/** Peers with beats hear something this often, as a part of the interval. */
const BEAT = 0.8;
/** How often they are visited in that time. */
const VISITS = 2;
/** Visits come a little early or late. A difference below this part of the time between two is ignored. */
const TOLERANCE = 0.1;
/** How often in an interval peers of paused connections are told that we are alive. */
const TELLS_UNREAD = 5;

/** Longest time that a peer with beats hears nothing, in milliseconds. */
export function beatMsOf(intervalMs: number): number {
  return BEAT * intervalMs;
}

/**
 * Finds dead connections and lets peers find them.
 *
 * A peer that was silent for half an interval is pinged. A page does not see pings. So peers of `jamsocket.v1` get beats
 * instead: a short message when nothing else was sent to them for a while. They answer only those beats that ask for it. One
 * that does not answer is pinged: its page may be frozen. A peer that was silent for the timeout is cut.
 */
export class Heartbeat implements Watch<Connection> {
  /**
   * Milliseconds, as of the last part of a sweep: precise enough, and cheaper than reading the clock for every message.
   * An integer needs no heap allocation in each connection; rounded up, so that no peer is cut too early.
   */
  now: number;
  readonly #pinged: Sweep<Connection>;
  readonly #beaten: Sweep<Connection>;
  /** Paused connections, and resumed ones until the next check. */
  readonly #paused = new Set<Connection>();
  #tellUnreadAt = 0;
  readonly #pingAfterMs: number;
  /** Milliseconds between two beats, and between two visits of a peer with beats. */
  readonly #beatMs: number;
  readonly #visitMs: number;
  /** A peer with beats is cut after this silence: not before the timeout, and when it was asked and pinged in vain. */
  readonly #cutAfterMs: number;

  constructor(
    private readonly clock: JamsocketClock,
    private readonly intervalMs: number,
    private readonly timeoutMs: number,
  ) {
    this.now = Math.ceil(clock.now());
    // A ping after a longer silence would leave no visit before the timeout.
    this.#pingAfterMs = PING_AFTER * Math.min(intervalMs, timeoutMs - intervalMs);
    this.#beatMs = beatMsOf(intervalMs);
    this.#visitMs = this.#beatMs / VISITS;
    this.#cutAfterMs = Math.max(timeoutMs, intervalMs + timeoutMs - 2 * this.#visitMs);
    this.#pinged = new Sweep(
      clock,
      intervalMs,
      (now) => this.#begin(now),
      (connection, now) => this.#pingSilent(connection, now),
    );
    this.#beaten = new Sweep(
      clock,
      this.#visitMs,
      (now) => this.#begin(now),
      (connection, now) => this.#beat(connection, now),
    );
  }

  add(connection: Connection): void {
    this.now = Math.ceil(this.clock.now());
    connection.lastHeard = connection.lastSent = this.now;
    this.#pinged.add(connection);
  }

  startBeats(connection: Connection): void {
    if (this.#pinged.remove(connection)) this.#beaten.add(connection);
  }

  paused(connection: Connection): void {
    this.#paused.add(connection);
  }

  remove(connection: Connection): void {
    this.#paused.delete(connection);
    if (!this.#pinged.remove(connection)) this.#beaten.remove(connection);
  }

  #pingSilent(connection: Connection, now: number): void {
    if (this.#isDead(connection, now, this.#pinged, this.timeoutMs)) connection.terminate('heartbeat timeout');
    // A ping to a paused connection still finds out that the peer's end is gone.
    else if (now - connection.lastHeard >= this.#pingAfterMs) connection.ping();
  }

  #beat(connection: Connection, now: number): void {
    if (connection.isPaused) return;
    if (this.#isDead(connection, now, this.#beaten, this.#cutAfterMs)) return connection.terminate('heartbeat timeout');
    const silence = now - connection.lastHeard;
    // Two visits are at most this far apart.
    const betweenMs = (1 + 2 * TOLERANCE) * this.#visitMs;
    const pingAfterMs = this.#cutAfterMs - betweenMs;
    if (silence >= pingAfterMs) connection.ping();
    const isDue = now - connection.lastSent > this.#beatMs - (1 - TOLERANCE) * this.#visitMs;
    if (isDue) connection.beat(silence > pingAfterMs - this.#beatMs);
    else if (silence >= pingAfterMs - betweenMs && silence < pingAfterMs) connection.beat(true);
  }

  /** While we do not read from a peer, its silence is our doing. */
  #isDead(connection: Connection, now: number, { listensSince }: Sweep<Connection>, afterMs: number): boolean {
    return !connection.isPaused && now - Math.max(connection.lastHeard, listensSince) >= afterMs;
  }

  #begin(now: number): void {
    this.now = Math.ceil(now);
    if (this.#paused.size === 0 || now < this.#tellUnreadAt) return;
    this.#tellUnreadAt = now + this.intervalMs / TELLS_UNREAD;
    for (const connection of this.#paused) {
      if (connection.isPaused) connection.stayUnread();
      else this.#paused.delete(connection);
    }
  }
}

/** For `heartbeat: false`. */
export const NO_HEARTBEAT: Pick<Heartbeat, 'now' | 'add' | 'startBeats' | 'paused' | 'remove'> = {
  now: Infinity,
  add: () => undefined,
  startBeats: () => undefined,
  paused: () => undefined,
  remove: () => undefined,
};
