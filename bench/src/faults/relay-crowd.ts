import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FaultServer } from './fault-server.js';

const INTERVAL_MS = 50;
/** A frame's length takes two bytes up to here, and its header four. */
const MESSAGE_BYTES = 16 * 1024;
const FRAME_BYTES = MESSAGE_BYTES + 4;
/** Every so manieth client reads its messages, the others count their bytes. */
const WITNESS_EVERY = 15;
const ARRIVAL_MS = 10_000;
/** Number and time of a message fit in here. */
const STAMP_BYTES = 48;
const shared = Buffer.alloc(256 * 1024);

/** Looks at each of its messages. */
class Witness {
  received = 0;
  misplaced = 0;
  #next = 0;

  private constructor(
    readonly ws: WebSocket,
    private readonly latencies: number[],
  ) {
    ws.on('message', (data) => this.#take(data as Buffer));
  }

  static async join(url: string, latencies: number[]): Promise<Witness> {
    const witness = new Witness(new WebSocket(url, { perMessageDeflate: false }), latencies);
    await once(witness.ws, 'open');
    return witness;
  }

  #take(data: Buffer): void {
    const [number, sentAt] = data.toString('latin1', 0, STAMP_BYTES).split(' ');
    this.latencies.push(performance.now() - Number(sentAt));
    this.received++;
    if (Number(number) !== this.#next || data.length !== MESSAGE_BYTES) this.misplaced++;
    this.#next = Number(number) + 1;
  }
}

/** Counts bytes: all messages are of one size, and reading them would take the load more time than the server. */
class Counter {
  bytes = 0;
  #response: string | null = '';

  private constructor(
    readonly socket: Socket,
    private readonly welcome: () => void,
  ) {}

  static async join(port: number, path: string): Promise<Counter> {
    let counter: Counter;
    const isIn = new Promise<void>((resolve, reject) => {
      const callback = (bytes: number) => counter.#take(bytes);
      const socket = connect({ port, host: '127.0.0.1', onread: { buffer: shared, callback } });
      socket.on('error', reject);
      counter = new Counter(socket, resolve);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
    });
    await isIn;
    return counter!;
  }

  get received(): number {
    return this.bytes / FRAME_BYTES;
  }

  #take(bytes: number): boolean {
    if (this.#response === null) {
      this.bytes += bytes;
      return true;
    }
    this.#response += shared.toString('latin1', 0, bytes);
    if (this.#response.endsWith('\r\n\r\n')) {
      this.#response = null;
      this.welcome();
    }
    return true;
  }
}

/** The clients of one relay room that do as they should, one of them the sender. */
export class RelayCrowd {
  sent = 0;
  #latencies: number[] = [];
  #witnesses: Witness[] = [];
  #counters: Counter[] = [];

  static async join(server: FaultServer, path: string, size: number): Promise<RelayCrowd> {
    const crowd = new RelayCrowd();
    for (let number = 0; number < size; number++) {
      // Witnesses are spread over the room: it sends in the order of joining.
      if (number % WITNESS_EVERY === 0) {
        crowd.#witnesses.push(await Witness.join(server.url(path), crowd.#latencies));
      } else {
        crowd.#counters.push(await Counter.join(server.port, new URL(server.url(path)).pathname));
      }
    }
    return crowd;
  }

  get witnesses(): number {
    return this.#witnesses.length;
  }

  /** Sends at a steady pace, and waits until all is there. @returns milliseconds each message took to each witness */
  async talk(durationMs: number): Promise<number[]> {
    this.#latencies.length = 0;
    const start = performance.now();
    for (let due = 0; due < durationMs; due += INTERVAL_MS) {
      const early = start + due - performance.now();
      if (early > 0) await sleep(early);
      this.#witnesses[0].ws.send(`${this.sent++} ${performance.now()} `.padEnd(MESSAGE_BYTES, 'x'));
    }
    const deadline = performance.now() + ARRIVAL_MS;
    while (this.missing() !== 0 && performance.now() < deadline) await sleep(20);
    return [...this.#latencies];
  }

  /** Messages that some client should have and has not, or has and should not. */
  missing(): number {
    const all = [...this.#witnesses, ...this.#counters];
    return all.reduce((sum, { received }) => sum + Math.abs(this.sent - received), 0);
  }

  /** Messages at a witness that do not follow the one before. */
  misplaced(): number {
    return this.#witnesses.reduce((sum, { misplaced }) => sum + misplaced, 0);
  }

  leave(): void {
    for (const { ws } of this.#witnesses) ws.terminate();
    for (const { socket } of this.#counters) socket.destroy();
  }
}
