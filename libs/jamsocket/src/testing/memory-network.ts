import { setImmediate } from 'node:timers';
import { MemorySocket } from './memory-socket.js';

/** Runs the delivery of bytes to the server as part of the server's side. */
export type RunAsServer = (work: () => void) => void;

/** Connects sockets in memory. Bytes never arrive in the event-loop tick in which they were written. */
export class MemoryNetwork {
  readonly #sockets = new Set<MemorySocket>();
  #underWay = 0;
  #deliveries = 0;

  constructor(private readonly runAsServer: RunAsServer) {}

  /** Creates both ends of a connection. @param clientAddress the client's address, as the server sees it */
  connect(clientAddress: string): { readonly client: MemorySocket; readonly server: MemorySocket } {
    const server = new MemorySocket((work) => this.#later(() => this.runAsServer(work)), clientAddress);
    const client = new MemorySocket((work) => this.#later(work), '127.0.0.1');
    server.peer = client;
    client.peer = server;
    for (const socket of [server, client]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    return { client, server };
  }

  /** No bytes are under way. Delivered bytes that the receiver does not read do not count. */
  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  /** Number of deliveries so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Cuts every connection. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #later(work: () => void): void {
    this.#underWay++;
    setImmediate(() => {
      this.#underWay--;
      this.#deliveries++;
      work();
    });
  }
}
