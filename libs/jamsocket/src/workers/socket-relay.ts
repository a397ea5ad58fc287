import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { assertIncarnation } from '../cluster/assert-incarnation.js';
import { MAX_RELAY_BYTES, type Relay } from '../cluster/relay.js';
import { headOf, MessageReader } from './channel/message-reader.js';

/** Bytes that may wait for one node. `NodeLinks` bounds what is under way far below it. */
const MAX_WAITING_BYTES = 64 * 1_024 * 1_024;

/** Carries bytes between the workers of one machine, over Unix sockets in a folder that only their user may enter. */
export class SocketRelay implements Relay {
  readonly #incoming = new Set<Socket>();
  readonly #outgoing = new Map<string, Socket>();
  #server: Server | null = null;
  #path = '';
  #receive: (bytes: Buffer) => void = () => undefined;
  #isClosed = false;

  /** @param folder the same for all workers, and of no others */
  constructor(private readonly folder: string) {}

  async open(node: string, receive: (bytes: Buffer) => void): Promise<void> {
    assertIncarnation(node);
    this.#path = pathOf(this.folder, node);
    this.#receive = receive;
    await once(this.#listen(), 'listening');
  }

  send(node: string, bytes: Buffer): void {
    if (this.#isClosed) return;
    const socket = this.#outgoing.get(node) ?? this.#connect(node);
    if (socket.destroyed || socket.writableLength > MAX_WAITING_BYTES) return;
    socket.cork();
    socket.write(headOf(bytes));
    socket.write(bytes);
    socket.uncork();
  }

  reconnect(): void {
    if (this.#isClosed) return;
    this.#unlisten();
    this.#listen();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const socket of this.#outgoing.values()) socket.destroy();
    const server = this.#server;
    this.#unlisten();
    if (server !== null) await once(server, 'close');
  }

  #listen(): Server {
    const server = createServer((socket) => this.#take(socket));
    this.#server = server;
    server.on('error', () => undefined);
    // Without `exclusive`, workers of node:cluster would share the socket.
    return server.listen({ path: this.#path, exclusive: true });
  }

  #unlisten(): void {
    this.#server?.close();
    this.#server = null;
    for (const socket of this.#incoming) socket.destroy();
  }

  #take(socket: Socket): void {
    const reader = new MessageReader();
    this.#incoming.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#incoming.delete(socket));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk, MAX_RELAY_BYTES, (message) => {
          if (!this.#isClosed && !socket.destroyed) this.#receive(message);
        });
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }

  #connect(node: string): Socket {
    const socket = connect(pathOf(this.folder, node));
    this.#outgoing.set(node, socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#outgoing.get(node) === socket) this.#outgoing.delete(node);
    });
    // Nobody sends on it; without a reader the end of the other side would not be noticed.
    socket.resume();
    return socket;
  }
}

/** A hash, because paths of Unix sockets are short: 104 bytes on macOS. */
function pathOf(folder: string, node: string): string {
  const name = createHash('sha256').update(node).digest('hex').slice(0, 20);
  return process.platform === 'win32' ? `\\\\.\\pipe\\${basename(folder)}-${name}` : join(folder, name);
}
