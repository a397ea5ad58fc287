import { setImmediate } from 'node:timers';
import { MemorySocket } from './memory-socket.js';

/** In which scope of the test's bookkeeping the bytes for the server are handed over. */
export type RunAsServer = (work: () => void) => void;

/** What sockets in memory have in common: nothing arrives in the turn of the event loop in which it was written. */
export class MemoryNetwork {
  readonly #sockets = new Set<MemorySocket>();
  #underWay = 0;
  #deliveries = 0;

  constructor(private readonly runAsServer: RunAsServer) {}

  /** Two ends of a connection; the client's address is what the server sees. */
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

  /** No bytes are under way. Those that somebody does not read are not. */
  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  /** How often something has arrived. */
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
