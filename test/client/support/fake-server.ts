import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { PROTOCOL, type Welcome } from '../../../libs/jamsocket/src/base/protocol.js';

// On a busy machine good answers take several times as long as on an idle one.
const PATIENCE_MS = 15_000;

/** Values that come one after the other, and can be waited for. */
export class Arrivals<T> {
  readonly #values: T[] = [];
  #waiting: (() => void)[] = [];

  constructor(private readonly what: string) {}

  add(value: T): void {
    this.#values.push(value);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Whether something has come that nobody has taken. */
  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  async next(): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.#values.length === 0) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${this.what} within ${PATIENCE_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#values.shift()!;
  }
}

/** The server's end of one connection, played by the test. */
export class FakeConnection {
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames = new Arrivals<string | Buffer>('frame from the client');

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
  ) {
    socket.on('message', (data: Buffer, isBinary) => this.#frames.add(isBinary ? data : data.toString()));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  /** The subprotocols the client offers. */
  get offered(): string[] {
    return (this.request.headers['sec-websocket-protocol'] ?? '').split(/, */);
  }

  get query(): URLSearchParams {
    return new URL(this.request.url!, 'ws://host').searchParams;
  }

  /** Welcomes a new client, and reads its confirmation. */
  async welcome(part: Partial<Welcome> = {}): Promise<void> {
    const { received = 0, handled = received } = part;
    const defaults = { jamsocket: 'token', client: 1, resumed: false, received, handled, windowMs: 30_000 };
    const welcome = { ...defaults, ...part };
    this.send(JSON.stringify(welcome));
    const answer = await this.next();
    const more = welcome.beatMs === undefined ? '' : ',"uncounted":true';
    if (answer !== `{"jamsocket":"${welcome.jamsocket}"${more}}`)
      throw new Error(`not a confirmation: ${String(answer)}`);
  }

  acknowledge(handled: number, token = 'token'): void {
    this.send(`{"jamsocket":"${token}","handled":${handled}}`);
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** The next frame of the client. */
  next(): Promise<string | Buffer> {
    return this.#frames.next();
  }

  async nextJson(): Promise<any> {
    return JSON.parse(String(await this.next()));
  }

  /** Several frames of the client. */
  async take(count: number): Promise<string[]> {
    const frames: string[] = [];
    while (frames.length < count) frames.push(String(await this.next()));
    return frames;
  }

  get hasNothingMore(): boolean {
    return this.#frames.isEmpty;
  }

  close(code: number, reason = ''): void {
    this.socket.close(code, reason);
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.socket.terminate();
  }
}

export interface FakeServerOptions {
  /** Which of the offered subprotocols to take; false for none. */
  readonly select?: (offered: ReadonlySet<string>) => string | false;
}

/** A server whose every step is the test's. */
export class FakeServer {
  /** Answers upgrades with this status instead, while it is set. */
  refusal: { status: number; headers?: Record<string, string> } | undefined;
  upgrades = 0;
  readonly #connections = new Arrivals<FakeConnection>('connection');

  private constructor(
    private readonly http: Server,
    readonly sockets: WebSocketServer,
  ) {
    http.on('upgrade', (request, socket, head) => {
      this.upgrades++;
      socket.on('error', () => undefined);
      if (!this.refusal) {
        sockets.handleUpgrade(request, socket, head, (ws) => this.#connections.add(new FakeConnection(ws, request)));
        return;
      }
      const { status, headers = {} } = this.refusal;
      const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n`);
    });
  }

  static async start({ select = () => PROTOCOL }: FakeServerOptions = {}): Promise<FakeServer> {
    const http = createServer();
    const server = new FakeServer(http, new WebSocketServer({ noServer: true, handleProtocols: select }));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.http.address() as AddressInfo).port}/ws/lobby`;
  }

  /** The next connection. */
  connection(): Promise<FakeConnection> {
    return this.#connections.next();
  }

  /** The next connection, already welcomed. */
  async welcomed(part?: Partial<Welcome>): Promise<FakeConnection> {
    const connection = await this.connection();
    await connection.welcome(part);
    return connection;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.close();
    this.http.closeAllConnections();
    await once(this.http, 'close');
  }
}
