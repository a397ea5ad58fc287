/** Most credit of one link: otherwise a few idle links would have it all. */
const MAX_WINDOW = 512 * 1_024;
/** Least credit of one link, however many links there are. */
const MIN_WINDOW = 32 * 1_024;

/**
 * Bounds the bytes under way to this node from all senders: Redis drops a subscriber that is too far behind, without
 * telling anyone.
 */
export class CreditPool {
  #links = 0;
  /** Bytes that senders may send and that have not arrived yet. */
  #promised = 0;

  constructor(private readonly maxBytes: number) {}

  join(): LinkCredit {
    this.#links++;
    return new LinkCredit(this);
  }

  get promised(): number {
    return this.#promised;
  }

  /** @internal */
  leave(unused: number): void {
    this.#links--;
    this.#promised -= unused;
  }

  /** @internal Raises a link's credit. @returns by how many bytes */
  promise(unused: number): number {
    const share = Math.max(MIN_WINDOW, Math.min(MAX_WINDOW, Math.floor(this.maxBytes / this.#links)));
    // Raise it by half a window at least: a beat for each message would cost too much.
    if (unused > share / 2) return 0;
    const free = Math.max(this.maxBytes - this.#promised, MIN_WINDOW - unused);
    const more = Math.max(0, Math.min(share - unused, free));
    this.#promised += more;
    return more;
  }

  /** @internal */
  used(bytes: number): void {
    this.#promised -= bytes;
  }
}

/** How much the other side of one link may send. */
export class LinkCredit {
  #granted = 0;
  #used = 0;

  constructor(private readonly pool: CreditPool) {}

  /** Bytes since the link began. */
  get granted(): number {
    return this.#granted;
  }

  /** Data frames have arrived. */
  use(bytes: number): void {
    this.#used += bytes;
    this.pool.used(bytes);
  }

  /** @returns whether the other side has to be told of a new grant */
  refill(): boolean {
    const more = this.pool.promise(this.#granted - this.#used);
    this.#granted += more;
    return more > 0;
  }

  leave(): void {
    this.pool.leave(this.#granted - this.#used);
  }
}
