import { after } from './timers.js';

/** Unless the server's own pings come less often. */
const DEFAULT_BOUND_MS = 10_000;
/** Parts of the time for which a dead connection may go unnoticed: silence, then the wait for the answer. */
const SILENCE = 0.65;
const WAIT = 0.3;
/**
 * A large message on a slow line keeps an answer, and itself, from being heard. Connections that are given up before
 * anything was heard are followed by more patient ones, so that it gets through in the end.
 */
const MAX_PATIENCE = 32;

/** Finds out that a connection is dead: asks after silence, or when there is reason to doubt, and waits for an answer. */
export class Heartbeat {
  #silenceMs = 0;
  #waitMs = 0;
  #lastHeard = 0;
  #hasHeard = true;
  #patience = 1;
  /** What is left of the wait for an answer, in halves; 0 if none is waited for. */
  #halves = 0;
  #cancel: (() => void) | undefined;

  /** @param boundMs for which a dead connection may go unnoticed; 0 or Infinity to ask only when told to */
  constructor(
    private readonly boundMs: number | undefined,
    private readonly send: () => void,
    private readonly giveUp: () => void,
  ) {}

  /** A connection is up, to a server with pings of its own at this interval, or none at 0. */
  start(intervalMs: number): void {
    const boundMs = (this.boundMs ?? Math.max(DEFAULT_BOUND_MS, intervalMs || Infinity)) || Infinity;
    this.#silenceMs = SILENCE * boundMs;
    this.#waitMs = WAIT * (boundMs < Infinity ? boundMs : DEFAULT_BOUND_MS);
    this.#lastHeard = performance.now();
    this.#hasHeard = false;
    this.#halves = 0;
    this.#wait(this.#silenceMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something has come from the server. */
  heard(): void {
    this.#lastHeard = performance.now();
    this.#hasHeard = true;
    this.#patience = 1;
    this.#halves = 0;
  }

  /** Asks, unless an answer is waited for. Nothing happens while there is no connection. */
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
    // A machine that has slept, or a page that was frozen, has this called before it hears what has come meanwhile.
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
