import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { PingFinder } from './ping-finder.js';

const JOIN_ROOM = 0x0a;
const ROOM_DATA = 0x0d;

/** How the clients of one server join and move. */
export interface Dialect {
  path(port: number): Promise<string>;
  /** Answers the frame with which the server lets a client in; without it, the client is in when it is connected. */
  readonly welcome?: { readonly first: number; readonly answer: Buffer };
  move(x: number, y: number): string | Buffer;
}

export const JSON_EVENTS = (path: string): Dialect => ({
  path: () => Promise.resolve(path),
  move: (x, y) => `{"event":"move","data":{"x":${x},"y":${y}}}`,
});

export const COLYSEUS = (seat: (port: number) => Promise<string>): Dialect => ({
  path: seat,
  welcome: { first: JOIN_ROOM, answer: Buffer.from([JOIN_ROOM]) },
  // MessagePack: { x: uint16, y: uint16 }
  move: (x, y) =>
    Buffer.from([ROOM_DATA, 0xa1, 0x6d, 0x82, 0xa1, 0x78, 0xcd, x >> 8, x & 255, 0xa1, 0x79, 0xcd, y >> 8, y & 255]),
});

/** Clients of one room. Some of them move; all of them count the bytes that they get, and answer pings. */
export class Crowd {
  #bytes = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #sockets: WebSocket[] = [];

  constructor(
    private readonly port: number,
    private readonly dialect: Dialect,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** A server that has dropped clients had less to do. */
  assertComplete(): void {
    if (this.#lost > 0) throw new Error(`${this.#lost} of ${this.#sockets.length} clients were dropped`);
  }

  async join(count: number): Promise<void> {
    for (let joined = 0; joined < count; joined++) this.#sockets.push(await this.#connect());
  }

  /** Each of the first `movers` clients moves `rate` times a second, spread over the time. */
  start(movers: number, rate: number): void {
    const places = Array.from({ length: movers }, () => [500, 500]);
    const began = performance.now();
    let moved = 0;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - began) * movers * rate) / 1000;
      for (; moved < due; moved++) {
        const place = places[moved % movers];
        for (const axis of [0, 1])
          place[axis] = Math.min(999, Math.max(0, place[axis] + Math.round(Math.random() * 20 - 10)));
        this.#sockets[moved % movers].send(this.dialect.move(place[0], place[1]));
      }
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  end(): void {
    this.stop();
    for (const socket of this.#sockets) socket.terminate();
  }

  async #connect(): Promise<WebSocket> {
    const { path, welcome } = this.dialect;
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${await path(this.port)}`, { perMessageDeflate: false });
    await once(socket, welcome === undefined ? 'open' : 'message');
    if (welcome !== undefined) socket.send(welcome.answer);
    // From here on, frames are not read: only their bytes count, and the load must not be the bottleneck.
    const tcp = (socket as unknown as { readonly _socket: Socket })._socket;
    const pings = new PingFinder();
    tcp.removeAllListeners('data');
    tcp.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      for (let count = pings.countIn(chunk); count > 0; count--) socket.pong();
    });
    tcp.on('close', () => this.#lost++);
    tcp.resume();
    return socket;
  }
}
