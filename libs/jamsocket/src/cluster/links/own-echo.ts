/** After this many beats without hearing itself, the node is deaf and connects again. */
const DEAF_BEATS = 2;
/** Each try to connect has twice as much time as the one before, up to this many beats. */
const MOST_BEATS_TO_CONNECT = 8;

/** Whether this node hears the relay: with each beat it sends an echo, a numbered frame, to itself. */
export class OwnEcho {
  #sent = 0;
  #heard = 0;
  #beatsUnheard = 0;
  #reconnectAt = DEAF_BEATS;

  /** This node does not hear itself. Others may hear it. */
  get isDeaf(): boolean {
    return this.#beatsUnheard >= DEAF_BEATS;
  }

  /**
   * Beats since an echo came back. Time would not do: a process that was stopped makes no beats, and then reads what has
   * arrived meanwhile.
   */
  get beatsUnheard(): number {
    return this.#beatsUnheard;
  }

  /** It is time for a beat. @returns whether to connect again */
  beat(): boolean {
    this.#beatsUnheard = this.#heard === this.#sent ? 0 : this.#beatsUnheard + 1;
    if (this.#beatsUnheard < this.#reconnectAt) return false;
    this.#reconnectAt += Math.min(this.#reconnectAt, MOST_BEATS_TO_CONNECT);
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
    this.#beatsUnheard = 0;
    this.#reconnectAt = DEAF_BEATS;
    return wasDeaf;
  }
}
