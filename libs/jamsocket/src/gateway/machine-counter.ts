import type { Duplex } from 'node:stream';
import { addressKey } from '../base/limits/address-counts.js';
import { CONNECTIONS, connectionsOf, type SharedCounts } from '../base/limits/shared-counts.js';
import {
  serverFull,
  tooManyConnections,
  tooManyConnects,
  type ConnectionLimits,
  type CountedLimits,
} from './connection-counter.js';

/** Counts the connections of all processes on this machine that share the port. */
export class MachineCounter implements ConnectionLimits {
  constructor(
    private readonly limits: CountedLimits,
    private readonly counts: SharedCounts,
  ) {}

  countConnect(ip: string): void | Promise<void> {
    const { connectsPerSecondPerIp: limit } = this.limits;
    if (limit === false) return;
    return this.counts.take(addressKey(ip), limit).then((isTaken) => {
      if (!isTaken) throw tooManyConnects(this.limits);
    });
  }

  countConnection(socket: Duplex, ip: string, isBack: boolean): void | Promise<void> {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    const [ofAll, ofAddress] = [CONNECTIONS, connectionsOf(ip)];
    return this.#count(socket, [
      { name: ofAll, max: isBack ? Infinity : maxConnections },
      { name: ofAddress, max: isBack ? Infinity : maxConnectionsPerIp },
    ]);
  }

  async #count(socket: Duplex, wanted: readonly [Limit, Limit]): Promise<void> {
    const full = await this.counts.add(wanted);
    if (full !== undefined) throw full.name === CONNECTIONS ? serverFull() : tooManyConnections();
    const remove = () => this.counts.remove(wanted.map(({ name }) => name));
    if (socket.closed) remove();
    else socket.once('close', remove);
  }
}

interface Limit {
  readonly name: string;
  readonly max: number;
}
