/** After this many ticks without hearing itself, the node is deaf and connects again. */
const DEAF_TICKS = 2;
/** Each try to connect has twice as much time as the one before, up to this many ticks. */
const MOST_TICKS_TO_CONNECT = 8;

/** Whether this node hears the relay: each tick it sends an echo, a numbered frame, to itself. */
export class OwnEcho {
  #sent = 0;
  #heard = 0;
  #ticksUnheard = 0;
  #reconnectAt = DEAF_TICKS;

  /** This node does not hear itself. Others may hear it. */
  get isDeaf(): boolean {
    return this.#ticksUnheard >= DEAF_TICKS;
  }

  /** Ticks in which no echo has come back. Not time: a process that was stopped misses none, and then reads what has arrived. */
  get ticksUnheard(): number {
    return this.#ticksUnheard;
  }

  /** A tick has passed. @returns whether to connect again */
  tick(): boolean {
    this.#ticksUnheard = this.#heard === this.#sent ? 0 : this.#ticksUnheard + 1;
    if (this.#ticksUnheard < this.#reconnectAt) return false;
    this.#reconnectAt += Math.min(this.#reconnectAt, MOST_TICKS_TO_CONNECT);
    return true;
  }

  /** The number of the next echo. */
  next(): number {
    return ++this.#sent;
  }

  /** An echo has come back. @returns whether this node was deaf until now */
  heard(sequence: number): boolean {
    const wasDeaf = this.isDeaf;
    this.#heard = Math.max(this.#heard, sequence);
    this.#ticksUnheard = 0;
    this.#reconnectAt = DEAF_TICKS;
    return wasDeaf;
  }
}
