import type { JamsocketClock } from '../base/sources.js';
import type { Watch } from './connection-sink.js';
import type { Connection } from './connection.js';
import { PARTS, Sweep } from './sweep.js';

/** A peer is pinged after this part of the interval in silence; the rest allows for a delayed sweep. */
const PING_AFTER = 0.5;
/** Peers with beats are visited this many times in an interval. */
const BEAT_VISITS = 4;
/** They hear something at least every so many visits. */
const BEAT_EVERY = 3;
/** Visits come a little early or late. Less than this part of the time between two is no difference. */
const TOLERANCE = 0.1;
/** Every so many parts, five times in an interval, peers of paused connections are told that we are alive. */
const TELL_UNREAD_EVERY = (PARTS * BEAT_VISITS) / 5;

/** Longest time that a peer with beats hears nothing, in milliseconds. */
export function beatMsOf(intervalMs: number): number {
  return (intervalMs / BEAT_VISITS) * BEAT_EVERY;
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
  /** Paused connections with beats, and resumed ones until the next check. */
  readonly #paused = new Set<Connection>();
  #partsUntilTold = TELL_UNREAD_EVERY;
  readonly #pingAfterMs: number;
  /** Milliseconds between two visits of a peer with beats. */
  readonly #visitMs: number;

  constructor(
    private readonly clock: JamsocketClock,
    intervalMs: number,
    private readonly timeoutMs: number,
  ) {
    this.now = Math.ceil(clock.now());
    // A ping after a longer silence would leave no visit before the timeout.
    this.#pingAfterMs = PING_AFTER * Math.min(intervalMs, timeoutMs - intervalMs);
    this.#visitMs = intervalMs / BEAT_VISITS;
    this.#pinged = new Sweep(
      clock,
      intervalMs,
      (now) => (this.now = Math.ceil(now)),
      (connection, now) => this.#pingSilent(connection, now),
    );
    this.#beaten = new Sweep(
      clock,
      this.#visitMs,
      (now) => this.#beginBeats(now),
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
    if (connection.hasBeats) this.#paused.add(connection);
  }

  remove(connection: Connection): void {
    this.#paused.delete(connection);
    if (!this.#pinged.remove(connection)) this.#beaten.remove(connection);
  }

  #pingSilent(connection: Connection, now: number): void {
    if (this.#isDead(connection, now, this.#pinged)) connection.terminate('heartbeat timeout');
    // A ping to a paused connection still finds out that the peer's end is gone.
    else if (now - connection.lastHeard >= this.#pingAfterMs) connection.ping();
  }

  #beat(connection: Connection, now: number): void {
    if (connection.isPaused) return;
    if (this.#isDead(connection, now, this.#beaten)) return connection.terminate('heartbeat timeout');
    // How many more visits there are until the timeout.
    const left = (this.timeoutMs - (now - connection.lastHeard)) / this.#visitMs;
    if (left <= 1.5) connection.ping();
    else if (now - connection.lastSent > (BEAT_EVERY - 1 + TOLERANCE) * this.#visitMs)
      connection.beat(left <= BEAT_EVERY + 1.5);
    else if (left <= 2.5) connection.beat(true);
  }

  /** While we do not read from a peer, its silence is our doing. */
  #isDead(connection: Connection, now: number, { listensSince }: Sweep<Connection>): boolean {
    return !connection.isPaused && now - Math.max(connection.lastHeard, listensSince) >= this.timeoutMs;
  }

  #beginBeats(now: number): void {
    this.now = Math.ceil(now);
    if (--this.#partsUntilTold > 0) return;
    this.#partsUntilTold = TELL_UNREAD_EVERY;
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
