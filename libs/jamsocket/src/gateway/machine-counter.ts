import type { Duplex } from 'node:stream';
import { RefusedError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import { addressKey } from '../base/limits/address-counts.js';
import { CONNECTIONS, connectionsOf, type SharedCounts, type Wanted } from '../base/limits/shared-counts.js';
import {
  onlyIfBack,
  serverFull,
  tooManyConnections,
  tooManyConnects,
  type ConnectionLimits,
  type CountedLimits,
  type IsBack,
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

  countConnection(socket: Duplex, ip: string, isBack: IsBack): void | Promise<void> {
    const { maxConnections, maxConnectionsPerIp } = this.limits;
    if (maxConnections === Infinity && maxConnectionsPerIp === Infinity) return;
    const [ofAll, ofAddress] = [CONNECTIONS, connectionsOf(ip)];
    const unlimited = [{ name: ofAll }, { name: ofAddress }];
    if (isBack === true) return this.#count(socket, unlimited);
    const limited = [
      { name: ofAll, max: maxConnections },
      { name: ofAddress, max: maxConnectionsPerIp },
    ];
    const counted = this.#count(socket, limited);
    if (isBack === false) return counted;
    return counted.catch(async (full: unknown) => {
      if (!isInstance(full, RefusedError)) throw full;
      await onlyIfBack(isBack, full);
      return this.#count(socket, unlimited);
    });
  }

  async #count(socket: Duplex, wanted: readonly Wanted[]): Promise<void> {
    const full = await this.counts.add(wanted);
    if (full !== undefined) throw full.name === CONNECTIONS ? serverFull() : tooManyConnections();
    const remove = () => this.counts.remove(wanted.map(({ name }) => name));
    if (socket.closed) remove();
    else socket.once('close', remove);
  }
}
