import type { Duplex } from 'node:stream';
import { TokenBucket } from '../wire/token-bucket.js';
import { RefusedError } from '../base/errors.js';
import type { ResolvedLimits } from '../options/resolved.js';
import type { JamsocketClock } from '../base/sources.js';
import { AddressCounts, addressKey } from '../base/address-counts.js';

/** With this many addresses in the table, idle ones are removed. */
const FORGET_AT = 10_000;

type CountedLimits = Pick<ResolvedLimits, 'maxConnections' | 'maxConnectionsPerIp' | 'connectsPerSecondPerIp'>;

/**
 * Counts sockets from their upgrade request until they close, and requests by address, if there are limits on them.
 * Places that are kept for resume use memory, too, and count as connections.
 */
export class ConnectionCounter {
  readonly #connections = new AddressCounts();
  readonly #rates = new Map<string, TokenBucket>();
  #forgetAt = FORGET_AT;

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: JamsocketClock,
    /** Places that are kept for resume. */
    private readonly kept: AddressCounts,
  ) {}

  /**
   * @param isBack the client resumes: its place is already counted, so the limits do not apply
   * @throws RefusedError `server_full`, `too_many_connections`
   */
  countConnection(socket: Duplex, ip: string, isBack: boolean): void {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    if (!isBack && this.#connections.total + this.kept.total >= maxConnections)
      throw new RefusedError(503, 'server_full', 'The server is full: it accepts no more connections.');
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

  /** A full bucket is equal to a new one. */
  #forget(now: number): void {
    for (const [key, bucket] of this.#rates) if (bucket.isFull(now)) this.#rates.delete(key);
    this.#forgetAt = Math.max(FORGET_AT, this.#rates.size * 2);
  }
}
