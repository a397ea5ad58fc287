import type { Duplex } from 'node:stream';
import { AddressCounts, addressKey } from '../base/limits/address-counts.js';
import { ConnectRates } from '../base/limits/connect-rates.js';
import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';
import type { ResolvedLimits } from '../options/resolved.js';

export type CountedLimits = Pick<ResolvedLimits, 'maxConnections' | 'maxConnectionsPerIp' | 'connectsPerSecondPerIp'>;

/** Whether a client resumes, or how to find that out. */
export type IsBack = boolean | (() => Promise<boolean>);

/** Counts sockets from their upgrade request until they close, and requests by address, if there are limits on them. */
export interface ConnectionLimits {
  /** @throws RefusedError `too_many_connects` */
  countConnect(ip: string): void | Promise<void>;
  /**
   * @param isBack the client resumes, so the limits do not apply to it. A function finds that out: it is asked only if a limit
   *   would refuse the client
   * @throws RefusedError `server_full`, `too_many_connections`
   */
  countConnection(socket: Duplex, ip: string, isBack: IsBack): void | Promise<void>;
}

/** Counts the connections of this process. Places that are kept for resume use memory, too, and count as connections. */
export class ConnectionCounter implements ConnectionLimits {
  readonly #connections = new AddressCounts();
  readonly #rates: ConnectRates | null;

  constructor(
    private readonly limits: CountedLimits,
    private readonly clock: JamsocketClock,
    /** Places that are kept for resume. */
    private readonly kept: AddressCounts,
  ) {
    const { connectsPerSecondPerIp: rate } = limits;
    this.#rates = rate === false ? null : new ConnectRates(rate);
  }

  countConnect(ip: string): void {
    if (this.#rates?.take(addressKey(ip), this.clock.now()) === false) throw tooManyConnects(this.limits);
  }

  countConnection(socket: Duplex, ip: string, isBack: IsBack): void | Promise<void> {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    const full = isBack === true ? undefined : this.#fullFor(ip);
    if (full === undefined) return this.#count(socket, ip);
    if (typeof isBack === 'boolean') throw full;
    return onlyIfBack(isBack, full).then(() => this.#count(socket, ip));
  }

  #fullFor(ip: string): RefusedError | undefined {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (this.#connections.total + this.kept.total >= maxConnections) return serverFull();
    if (this.#connections.of(ip) + this.kept.of(ip) >= maxConnectionsPerIp) return tooManyConnections();
    return undefined;
  }

  #count(socket: Duplex, ip: string): void {
    // The client may have gone while the node of its room was asked.
    if (socket.closed) return;
    this.#connections.add(ip);
    socket.once('close', () => this.#connections.remove(ip));
  }
}

/** @throws `full` if the client does not resume */
export async function onlyIfBack(isBack: () => Promise<boolean>, full: RefusedError): Promise<void> {
  if (!(await isBack())) throw full;
}

export function serverFull(): RefusedError {
  return new RefusedError(503, 'server_full', 'The server is full: it accepts no more connections.');
}

export function tooManyConnections(): RefusedError {
  return new RefusedError(429, 'too_many_connections', 'Too many connections from this address.');
}

export function tooManyConnects({ connectsPerSecondPerIp: limit }: CountedLimits): RefusedError {
  const seconds = limit === false ? 1 : Math.ceil(1 / limit.rate);
  return new RefusedError(429, 'too_many_connects', 'Too many connects from this address.', {
    'Retry-After': String(seconds),
  });
}
