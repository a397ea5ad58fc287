import { after } from '../timers.js';

/** Used unless the server's interval between pings is longer. */
const DEFAULT_BOUND_MS = 10_000;
/** Parts of the bound: silence before the question, then the wait for the answer. */
const SILENCE = 0.65;
const WAIT = 0.3;
/** The same if the server beats: after this silence a beat is overdue. */
const OVERDUE = 0.925;
const OVERDUE_WAIT = 0.07;
/** A beat is overdue after this many times its announced interval. */
const LATENESS = 1.026;
/**
 * A connection that was given up may have been slow, not dead: a large message delays the answer, for example. So the next
 * one is more patient, up to this factor, until a connection has lasted for a while (in milliseconds).
 */
const MAX_PATIENCE = 32;
const CALM_MS = 600_000;

/** Detects a dead connection: asks the server after a silence, or on demand, and waits for an answer. */
export class Heartbeat {
  #silenceMs = 0;
  #waitMs = 0;
  /** The wait for an answer after silence. */
  #overdueWaitMs = 0;
  #halfMs = 0;
  #startedAt = 0;
  #lastHeard = 0;
  #patience = 1;
  /** Remaining halves of the wait for an answer; 0 if no answer is pending. */
  #halves = 0;
  #cancel: (() => void) | undefined;

  /** @param boundMs longest time until a dead connection is detected; 0 or Infinity to ask only on demand */
  constructor(
    private readonly boundMs: number | undefined,
    private readonly send: () => void,
    private readonly giveUp: () => void,
  ) {}

  /**
   * A connection is up.
   * @param intervalMs interval of the server's pings; 0 if it sends none
   * @param beatMs the server sends something at least this often; 0 if it does not say so
   */
  start(intervalMs: number, beatMs = 0): void {
    const boundMs = (this.boundMs ?? Math.max(DEFAULT_BOUND_MS, intervalMs || Infinity)) || Infinity;
    const isBeaten = beatMs > 0 && beatMs * LATENESS <= OVERDUE * boundMs;
    this.#silenceMs = (isBeaten ? OVERDUE : SILENCE) * boundMs;
    const finiteMs = boundMs < Infinity ? boundMs : DEFAULT_BOUND_MS;
    this.#waitMs = WAIT * finiteMs;
    this.#overdueWaitMs = isBeaten ? OVERDUE_WAIT * finiteMs : this.#waitMs;
    this.#startedAt = this.#lastHeard = performance.now();
    this.#halves = 0;
    this.#wait(this.#silenceMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something has arrived from the server. */
  heard(): void {
    this.#lastHeard = performance.now();
    if (this.#lastHeard - this.#startedAt >= CALM_MS) this.#patience = 1;
    this.#halves = 0;
  }

  /** Asks the server, unless an answer is pending or there is no connection. */
  ask(waitMs = this.#waitMs): void {
    if (!this.#cancel || this.#halves) return;
    this.#halves = 2;
    this.#halfMs = (this.#patience * waitMs) / 2;
    this.send();
    this.#wait(this.#halfMs);
  }

  #wait(ms: number): void {
    this.#cancel?.();
    this.#cancel = after(ms, this.#due);
  }

  readonly #due = (): void => {
    const rest = this.#lastHeard + this.#silenceMs - performance.now();
    // After sleep or a frozen page this runs before the messages that arrived meanwhile: waiting in halves lets them in.
    if (this.#halves && !--this.#halves) this.#dead();
    else if (this.#halves) this.#wait(this.#halfMs);
    else if (rest > 0) this.#wait(rest);
    else this.ask(this.#overdueWaitMs);
  };

  #dead(): void {
    this.#patience = Math.min(this.#patience * 2, MAX_PATIENCE);
    this.stop();
    this.giveUp();
  }
}
