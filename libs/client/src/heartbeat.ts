import { after } from './timers.js';

/** Used unless the server's interval between pings is longer. */
const DEFAULT_BOUND_MS = 10_000;
/** Parts of the bound: silence before the question, then the wait for the answer. */
const SILENCE = 0.65;
const WAIT = 0.3;
/** A beat of the server that is this much later than announced is overdue. */
const OVERDUE = 1.1;
/** Part of the bound after which the question can still be answered, and part at which the connection is given up. */
const LATEST_QUESTION = 0.85;
const END = 0.98;
/**
 * A large message on a slow line delays the answer. If a connection is given up before anything arrived, the next one is
 * more patient, up to this factor, so that the message arrives eventually.
 */
const MAX_PATIENCE = 32;

/** Detects a dead connection: asks the server after a silence, or on demand, and waits for an answer. */
export class Heartbeat {
  #silenceMs = 0;
  #waitMs = 0;
  #lastHeard = 0;
  #hasHeard = true;
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
    const overdueMs = beatMs * OVERDUE;
    // If the server's beats come often enough, there is no need to ask before one is overdue.
    const isBeaten = overdueMs <= LATEST_QUESTION * boundMs;
    this.#silenceMs = Math.max(SILENCE * boundMs, isBeaten ? overdueMs : 0);
    this.#waitMs =
      boundMs < Infinity ? Math.min(WAIT * boundMs, END * boundMs - this.#silenceMs) : WAIT * DEFAULT_BOUND_MS;
    this.#lastHeard = performance.now();
    this.#hasHeard = false;
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
    this.#hasHeard = true;
    this.#patience = 1;
    this.#halves = 0;
  }

  /** Asks the server, unless an answer is pending or there is no connection. */
  ask(): void {
    if (!this.#cancel || this.#halves) return;
    this.#halves = 2;
    this.send();
    this.#wait((this.#patience * this.#waitMs) / 2);
  }

  #wait(ms: number): void {
    this.#cancel?.();
    this.#cancel = after(ms, this.#due);
  }

  readonly #due = (): void => {
    const rest = this.#lastHeard + this.#silenceMs - performance.now();
    // After sleep or a frozen page this runs before the messages that arrived meanwhile: waiting in halves lets them in.
    if (this.#halves > 1) this.#wait((this.#patience * this.#waitMs) / this.#halves--);
    else if (this.#halves) this.#dead();
    else if (rest > 0) this.#wait(rest);
    else this.ask();
  };

  #dead(): void {
    if (!this.#hasHeard) this.#patience = Math.min(this.#patience * 2, MAX_PATIENCE);
    this.stop();
    this.giveUp();
  }
}
