import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { RefusedError } from '../jamsocket.errors.js';

/** Counts sockets from their upgrade request until they close, where a limit asks for it. */
export class ConnectionCounter {
  #total = 0;
  readonly #byIp = new Map<string, number>();

  constructor(
    private readonly maxConnections: number,
    private readonly maxConnectionsPerIp: number,
  ) {}

  /** @throws RefusedError `server_full`, `too_many_connections` */
  count(socket: Duplex, request: IncomingMessage): void {
    if (this.maxConnections === Infinity && this.maxConnectionsPerIp === Infinity) return;
    const ip = request.socket.remoteAddress ?? '';
    const ofIp = this.#byIp.get(ip) ?? 0;
    if (this.#total >= this.maxConnections)
      throw new RefusedError(503, 'server_full', 'The server has no room for more connections.');
    if (ofIp >= this.maxConnectionsPerIp)
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
}
