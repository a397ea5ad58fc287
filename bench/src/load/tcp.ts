/** The load runs on Bun, whose TCP sockets cost so little that the load is not what is measured. This is the part of Bun used. */
declare const Bun: {
  connect(options: { hostname: string; port: number; socket: BunHandlers }): Promise<BunSocket>;
};

interface BunSocket {
  write(bytes: Uint8Array): number;
  end(): void;
  terminate(): void;
  setNoDelay(noDelay: boolean): boolean;
}

interface BunHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, chunk: Buffer): void;
  drain(socket: BunSocket): void;
  close(): void;
  error(socket: BunSocket, error: Error): void;
  connectError(socket: BunSocket, error: Error): void;
}

export interface TcpHandlers {
  onData(chunk: Buffer): void;
  onError(error: Error): void;
  onClose(): void;
}

/** A TCP connection that queues what the system does not take at once. */
export class Tcp {
  #socket: BunSocket | null = null;
  #queue: Buffer[] = [];
  #isEnding = false;

  constructor(port: number, handlers: TcpHandlers) {
    const failed = (error: Error) => {
      handlers.onError(error);
      handlers.onClose();
    };
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => {
          this.#socket = socket;
          socket.setNoDelay(true);
          this.#drain();
        },
        data: (_socket, chunk) => handlers.onData(chunk),
        drain: () => this.#drain(),
        close: () => handlers.onClose(),
        error: (_socket, error) => handlers.onError(error),
        connectError: (_socket, error) => failed(error),
      },
    }).catch(failed);
  }

  /** The caller may reuse the bytes when it returns. */
  write(bytes: Buffer): void {
    if (this.#socket === null || this.#queue.length > 0) {
      this.#queue.push(Buffer.from(bytes));
      return;
    }
    const written = this.#socket.write(bytes);
    if (written < bytes.length) this.#queue.push(Buffer.from(bytes.subarray(Math.max(0, written))));
  }

  end(bytes: Buffer): void {
    this.write(bytes);
    this.#isEnding = true;
    this.#drain();
  }

  destroy(): void {
    this.#socket?.terminate();
  }

  #drain(): void {
    if (this.#socket === null) return;
    while (this.#queue.length > 0) {
      const [first] = this.#queue;
      const written = this.#socket.write(first);
      if (written < first.length) {
        this.#queue[0] = first.subarray(Math.max(0, written));
        return;
      }
      this.#queue.shift();
    }
    if (this.#isEnding) this.#socket.end();
  }
}
