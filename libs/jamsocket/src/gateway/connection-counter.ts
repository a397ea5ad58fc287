import type { Duplex } from 'node:stream';
import { TokenBucket } from '../connection/token-bucket.js';
import { RefusedError } from '../jamsocket.errors.js';
import type { ResolvedLimits } from '../jamsocket.options.resolve.js';
import type { JamsocketClock } from '../jamsocket.sources.js';

/** With so many addresses on record, those that have not come for a while are forgotten. */
const FORGET_AT = 10_000;

type CountedLimits = Pick<ResolvedLimits, 'maxConnections' | 'maxConnectionsPerIp' | 'connectsPerSecondPerIp'>;

/** Counts sockets from their upgrade request until they close, and the requests of each address, where a limit asks for it. */
export class ConnectionCounter {
  #total = 0;
  readonly #byIp = new Map<string, number>();

  readonly #rates = new Map<string, TokenBucket>();
  #forgetAt = FORGET_AT;

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: JamsocketClock,
  ) {}

  /** @throws RefusedError `server_full`, `too_many_connections` */
  count(socket: Duplex, ip: string): void {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    this.#limitRate(ip);
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    const ofIp = this.#byIp.get(ip) ?? 0;
    if (this.#total >= maxConnections)
      throw new RefusedError(503, 'server_full', 'The server has no room for more connections.');
    if (ofIp >= maxConnectionsPerIp)
      throw new RefusedError(429, 'too_many_connections', 'Too many connections from this address.');
    this.#total++;
    this.#byIp.set(ip, ofIp + 1);
    socket.once('close', () => this.#uncount(ip));
  }

  #uncount(ip: string): void {
    this.#total--;
    const left = (this.#byIp.get(ip) ?? 1) - 1;
    if (left > 0) this.#byIp.set(ip, left);
    else this.#byIp.delete(ip);
  }

  #limitRate(ip: string): void {
    const limit = this.limits.connectsPerSecondPerIp;
    if (limit === false) return;
    const now = this.clock.now();
    let bucket = this.#rates.get(ip);
    if (bucket === undefined) {
      if (this.#rates.size >= this.#forgetAt) this.#forget(now);
      this.#rates.set(ip, (bucket = new TokenBucket(limit.rate, limit.burst, now)));
    }
    if (bucket.take(now)) return;
    throw new RefusedError(429, 'too_many_connects', 'Too many connects from this address.', {
      'Retry-After': String(Math.ceil(1 / limit.rate)),
    });
  }

  /** A full bucket says nothing that a new one would not. */
  #forget(now: number): void {
    for (const [ip, bucket] of this.#rates) if (bucket.isFull(now)) this.#rates.delete(ip);
    this.#forgetAt = Math.max(FORGET_AT, this.#rates.size * 2);
  }
}
