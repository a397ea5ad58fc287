import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { FaultServer } from './fault-server.js';

const INTERVAL_MS = 50;
/** Below 64 KiB the header of a frame has four bytes. */
const MESSAGE_BYTES = 16 * 1024;
const FRAME_BYTES = MESSAGE_BYTES + 4;
/** One client of this many reads its messages; the others count their bytes. */
const WITNESS_EVERY = 15;
const ARRIVAL_MS = 10_000;
/** Enough for the number and the time of a message. */
const STAMP_BYTES = 48;
const shared = Buffer.alloc(256 * 1024);

/** A client that reads each message. */
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

/** A client that only counts bytes: all messages have the same size, and reading them would slow the load down. */
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

/** The well-behaved clients of one relay room, one of which is the sender. */
export class RelayCrowd {
  sent = 0;
  #latencies: number[] = [];
  #witnesses: Witness[] = [];
  #counters: Counter[] = [];

  static async join(server: FaultServer, path: string, size: number): Promise<RelayCrowd> {
    const crowd = new RelayCrowd();
    for (let number = 0; number < size; number++) {
      // The room sends in the order of joining, so spread the witnesses over it.
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

  /** Sends at a steady pace, and waits until all messages have arrived. @returns their milliseconds to each witness */
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

  /** Number of messages that are missing at a client, or arrived too often. */
  missing(): number {
    const all = [...this.#witnesses, ...this.#counters];
    return all.reduce((sum, { received }) => sum + Math.abs(this.sent - received), 0);
  }

  /** Number of messages at witnesses that do not follow the one before. */
  misplaced(): number {
    return this.#witnesses.reduce((sum, { misplaced }) => sum + misplaced, 0);
  }

  leave(): void {
    for (const { ws } of this.#witnesses) ws.terminate();
    for (const { socket } of this.#counters) socket.destroy();
  }
}
