import type { JamsocketClock } from '../base/sources.js';
import type { Watch } from './connection-sink.js';
import type { Connection } from './connection.js';
import { Sweep } from './sweep.js';

/** A peer is pinged after this part of the interval in silence; the rest allows for a delayed sweep. */
const PING_AFTER = 0.5;
/** Peers with beats hear something this often, as a part of the interval. */
const BEAT = 0.9;
/** Visits come a little early or late. A difference below this part of half the time between two beats is ignored. */
const TOLERANCE = 0.05;
/** Connections are visited in this many parts of the interval, or of the time between two beats. */
const PARTS = 20;
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
 * instead: a short message when nothing else was sent to them for a while. To hear from a silent peer, a ping goes out with
 * a beat, by default with every second one: a write that needs no answer is cheaper. A peer that was silent for the
 * timeout is cut.
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
  /** Milliseconds between two beats. A peer is visited that often, or twice as often if it is not idle. */
  readonly #beatMs: number;
  readonly #halfMs: number;
  /** A peer with beats is cut after this silence: not before the timeout, and when it was pinged in vain. */
  readonly #cutAfterMs: number;
  /** A peer with beats is pinged after this silence. */
  readonly #askAfterMs: number;

  constructor(
    private readonly clock: JamsocketClock,
    private readonly intervalMs: number,
    private readonly timeoutMs: number,
  ) {
    this.now = Math.ceil(clock.now());
    // A ping after a longer silence would leave no visit before the timeout.
    this.#pingAfterMs = PING_AFTER * Math.min(intervalMs, timeoutMs - intervalMs);
    this.#beatMs = beatMsOf(intervalMs);
    this.#halfMs = this.#beatMs / 2;
    // Two visits of a silent peer are at most this far apart, so it is visited once after a ping, and cut in time.
    const apartMs = this.#beatMs + TOLERANCE * this.#halfMs;
    this.#cutAfterMs = Math.max(timeoutMs, intervalMs + timeoutMs - apartMs);
    this.#askAfterMs = this.#cutAfterMs - apartMs;
    const begin = (now: number) => this.#begin(now);
    this.#pinged = new Sweep(clock, intervalMs, PARTS, intervalMs / 2, begin, (connection, now) =>
      this.#pingSilent(connection, now),
    );
    this.#beaten = new Sweep(clock, this.#beatMs, PARTS, this.#halfMs / 2, begin, (connection, now) =>
      this.#beat(connection, now),
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

  #pingSilent(connection: Connection, now: number): false {
    if (this.#isDead(connection, now, this.#pinged, this.timeoutMs)) connection.terminate('heartbeat timeout');
    // A ping to a paused connection still finds out that the peer's end is gone.
    else if (now - connection.lastHeard >= this.#pingAfterMs) connection.ping();
    return false;
  }

  /** @returns whether the next visit has to come before the next beat */
  #beat(connection: Connection, now: number): boolean {
    if (connection.isPaused) return true;
    if (this.#isDead(connection, now, this.#beaten, this.#cutAfterMs)) {
      connection.terminate('heartbeat timeout');
      return false;
    }
    const silence = now - connection.lastHeard;
    const isDue = now - connection.lastSent > (1 + TOLERANCE) * this.#halfMs;
    if (isDue) connection.beat(silence >= this.#askAfterMs);
    // The next visit comes in half the time.
    else if (silence >= this.#askAfterMs + this.#halfMs) connection.ping();
    return !isDue;
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
