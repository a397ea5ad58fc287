import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before a server, so that a test can cut connections, or put another server in its place. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#forward(client));

  private constructor(private target: number) {}

  /** @param target port of the server */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Another server gets new connections. */
  divertTo(target: number): void {
    this.target = target;
  }

  /** Another server takes the place of the first. All connections are cut. */
  moveTo(target: number): void {
    this.divertTo(target);
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing passes any more through the connections there are, and nobody is told. New ones work. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
      socket.pause();
    }
    this.#frozen.push(...this.#sockets);
    this.#sockets.clear();
  }

  readonly #frozen: Socket[] = [];

  async stop(): Promise<void> {
    for (const socket of [...this.#sockets, ...this.#frozen]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('data', (chunk) => void to.write(chunk));
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
