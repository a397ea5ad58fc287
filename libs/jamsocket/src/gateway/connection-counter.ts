import type { Duplex } from 'node:stream';
import { TokenBucket } from '../wire/token-bucket.js';
import { RefusedError } from '../base/errors.js';
import type { ResolvedLimits } from '../options/resolved.js';
import type { JamsocketClock } from '../base/sources.js';
import { AddressCounts, addressKey } from '../members/address-counts.js';

/** With so many addresses on record, those that have not come for a while are forgotten. */
const FORGET_AT = 10_000;

type CountedLimits = Pick<ResolvedLimits, 'maxConnections' | 'maxConnectionsPerIp' | 'connectsPerSecondPerIp'>;

/**
 * Counts sockets from their upgrade request until they close, and the requests of each address, where a limit asks for it.
 * The places that are kept for clients whose connection is lost take up memory, too, and count like connections.
 */
export class ConnectionCounter {
  readonly #connections = new AddressCounts();
  readonly #rates = new Map<string, TokenBucket>();
  #forgetAt = FORGET_AT;

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: JamsocketClock,
    /** Places that are kept. */
    private readonly kept: AddressCounts,
  ) {}

  /**
   * A client that comes back is counted already: the limits are not for it.
   * @throws RefusedError `server_full`, `too_many_connections`
   */
  countConnection(socket: Duplex, ip: string, isBack: boolean): void {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    if (!isBack && this.#connections.total + this.kept.total >= maxConnections)
      throw new RefusedError(503, 'server_full', 'The server has no room for more connections.');
    if (!isBack && this.#connections.of(ip) + this.kept.of(ip) >= maxConnectionsPerIp)
      throw new RefusedError(429, 'too_many_connections', 'Too many connections from this address.');
    this.#connections.add(ip);
    socket.once('close', () => this.#connections.remove(ip));
  }

  /** @throws RefusedError `too_many_connects` */
  countConnect(ip: string): void {
    const limit = this.limits.connectsPerSecondPerIp;
    if (limit === false) return;
    const now = this.clock.now();
    const key = addressKey(ip);
    let bucket = this.#rates.get(key);
    if (bucket === undefined) {
      if (this.#rates.size >= this.#forgetAt) this.#forget(now);
      this.#rates.set(key, (bucket = new TokenBucket(limit.rate, limit.burst, now)));
    }
    if (bucket.take(now)) return;
    throw new RefusedError(429, 'too_many_connects', 'Too many connects from this address.', {
      'Retry-After': String(Math.ceil(1 / limit.rate)),
    });
  }

  /** A full bucket says nothing that a new one would not. */
  #forget(now: number): void {
    for (const [key, bucket] of this.#rates) if (bucket.isFull(now)) this.#rates.delete(key);
    this.#forgetAt = Math.max(FORGET_AT, this.#rates.size * 2);
  }
}
