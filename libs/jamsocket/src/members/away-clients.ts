import type { JamsocketClock } from '../base/sources.js';
import type { AddressCounts } from '../base/limits/address-counts.js';
import type { Client } from './client.js';

interface Away {
  /** Fires when it is too late to resume. */
  readonly timer: NodeJS.Timeout;
  /** The address that the place was counted for. */
  readonly ip: string;
}

/** The clients of a room whose connection is lost and that may resume, each with a place that is kept for a while. */
export class AwayClients {
  readonly #away = new Map<Client, Away>();

  constructor(
    private readonly windowMs: number,
    private readonly clock: JamsocketClock,
    private readonly placesKept: AddressCounts,
    private readonly expire: (client: Client) => void,
  ) {}

  get size(): number {
    return this.#away.size;
  }

  [Symbol.iterator](): Iterator<Client> {
    return this.#away.keys();
  }

  add(client: Client): void {
    const timer = this.clock.setTimeout(() => this.expire(client), this.windowMs);
    const { ip } = client.request;
    this.#away.set(client, { timer, ip });
    this.placesKept.add(ip);
  }

  /** The client has resumed or left. Does nothing if it was not away. */
  remove(client: Client): void {
    const away = this.#away.get(client);
    if (away === undefined) return;
    this.clock.clearTimeout(away.timer);
    this.#away.delete(client);
    this.placesKept.remove(away.ip);
  }

  clear(): void {
    for (const client of [...this.#away.keys()]) this.remove(client);
  }
}
