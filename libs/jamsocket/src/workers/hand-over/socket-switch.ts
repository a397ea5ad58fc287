import type { Socket } from 'node:net';
import type { Gift } from '../messages.js';
import { refuseSocket, sendSocket, stopReading } from './raw-socket.js';

/** A worker that takes sockets. */
interface Taker {
  readonly hasEnded: boolean;
  sendSocket(message: unknown, socket: Socket, callback: (error: Error | null) => void): void;
}

/** Passes sockets from worker to worker, in the primary: only a parent can send a socket to its children. */
export class SocketSwitch {
  readonly #takers = new Map<string, Taker>();
  /** What closes each socket that its worker has not taken yet. */
  readonly #underWay = new Map<number, { readonly to: Taker; readonly close: () => void }>();
  #last = 0;

  /** A node of a worker takes sockets, or does not any more. */
  set(node: string, worker: Taker, isTaking: boolean): void {
    if (isTaking) this.#takers.set(node, worker);
    else this.#takers.delete(node);
  }

  takes(node: string): boolean {
    return this.#takers.has(node);
  }

  /** A node that shuts down takes no sockets: the socket goes back to its sender, who refuses or relays the client. */
  pass({ node: wanted, from, url, rawHeaders, head }: Gift, socket: Socket): void {
    socket.on('error', () => socket.destroy());
    // Read since the message has come; usually nothing.
    const read = stopReading(socket);
    const node = [wanted, from].find((name) => this.#takers.get(name)?.hasEnded === false);
    if (node === undefined) return refuseSocket(socket);
    const to = this.#takers.get(node)!;
    const id = ++this.#last;
    const all = read.length === 0 ? head : Buffer.concat([Buffer.from(head, 'base64'), read]).toString('base64');
    const message = { jamsocket: 'give', id, node, url, rawHeaders, head: all };
    const close = sendSocket((...args) => to.sendSocket(...args), message, socket);
    this.#underWay.set(id, { to, close });
  }

  /** A worker has these sockets. */
  taken(ids: readonly number[]): void {
    for (const id of ids) this.#underWay.delete(id);
  }

  /** A worker has ended. What was under way to it is closed: its clients would wait forever. */
  ended(worker: Taker): void {
    for (const [node, taker] of this.#takers) if (taker === worker) this.#takers.delete(node);
    for (const [id, { to, close }] of this.#underWay) {
      if (to !== worker) continue;
      this.#underWay.delete(id);
      close();
    }
  }
}
