import type { INestApplication } from '@nestjs/common';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { applyPatch, STATE_EVENT } from '../base/state-patch.js';
import { checkedPatience, DEFAULT_PATIENCE_MS, withQuery, type ConnectOptions } from './connect-options.js';
import { MessageQueue, type Message } from './message-queue.js';
import { openSocket } from './open-socket.js';
import { ConnectRefusedError } from './testing.errors.js';

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** How the server begins the messages with shared state. */
const STATE_PREFIX = `{"event":"${STATE_EVENT}","data":`;

/** A WebSocket client over a real socket, for tests that read its messages one after another. */
export class TestClient {
  /** Resolves once the connection has ended. */
  readonly closed: Promise<Closed>;
  #closed: Closed | undefined;
  readonly #messages: MessageQueue;
  #lastId = 0;
  #state: object = {};
  /** Whether the messages with shared state are among those that `next()` and its kind return. */
  protected readonly readsState: boolean = true;

  /** @internal */
  constructor(
    /** @internal */
    readonly socket: WebSocket,
    patienceMs = DEFAULT_PATIENCE_MS,
    hint: () => string = () => '',
  ) {
    this.#messages = new MessageQueue(patienceMs, hint);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#take(isBinary ? data : data.toString()));
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => {
        this.#closed = { code, reason: reason.toString() };
        this.#messages.end(`the connection ended with ${code} ${JSON.stringify(this.#closed.reason)}`);
        resolve(this.#closed);
      }),
    );
  }

  /**
   * Connects over the network.
   * @param target a listening application, or a URL such as `ws://127.0.0.1:3000`
   * @param path path of the room, such as `/ws/lobby`
   * @throws ConnectRefusedError, TestTimeoutError
   */
  static async connect(
    target: INestApplication | string,
    path = '',
    options: ConnectOptions = {},
  ): Promise<TestClient> {
    const url = (typeof target === 'string' ? target : addressOf(target)) + withQuery(path, options.query);
    const patienceMs = checkedPatience(options.patienceMs);
    const client = new TestClient(socketTo(url, options), patienceMs);
    await openSocket(client.socket, url, patienceMs);
    return client;
  }

  /**
   * Connects over the network and expects to be refused.
   * @returns the refusal; its `status` and `body` are those of the HTTP answer
   * @throws Error if the client was accepted
   */
  static async refused(
    target: INestApplication | string,
    path = '',
    options: ConnectOptions = {},
  ): Promise<ConnectRefusedError> {
    try {
      (await TestClient.connect(target, path, options)).socket.terminate();
    } catch (error) {
      if (error instanceof ConnectRefusedError) return error;
      throw error;
    }
    throw new Error(`${path} was not refused.`);
  }

  /** The shared state with this name, as far as the client has received it; `undefined` before that. */
  state<T = any>(name: string): T | undefined {
    return Object.hasOwn(this.#state, name) ? (this.#state as Record<string, T>)[name] : undefined;
  }

  #take(message: Message): void {
    const isState = typeof message === 'string' && message.startsWith(STATE_PREFIX);
    if (isState) this.#state = applyPatch(this.#state, (JSON.parse(message) as { data: unknown }).data) as object;
    this.#messages.add(message, isState && !this.readsState);
  }

  /** Everything received so far, read or not. */
  get received(): readonly Message[] {
    return this.#messages.received;
  }

  /** Whether the connection has ended. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** The subprotocol that the server selected; empty if none. */
  get protocol(): string {
    return this.socket.protocol;
  }

  /** Sends a string as a text message, bytes as a binary one. */
  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** Sends the JSON event `{ "event": event, "data": data, "id"?: id }`. */
  emit(event: string, data?: unknown, id?: unknown): void {
    this.send(JSON.stringify({ event, data, id }));
  }

  /**
   * Sends an event with a new id and resolves with the message of this id: the handler's reply or an `exception`. Other
   * messages stay unread.
   * @throws TestTimeoutError
   */
  async request<T = any>(event: string, data?: unknown): Promise<{ event?: string; data: T; id: unknown }> {
    const id = `request ${++this.#lastId}`;
    this.emit(event, data, id);
    const answer = await this.#messages.take((message) => idOf(message) === id, `answer to "${event}"`);
    return JSON.parse(String(answer)) as { event?: string; data: T; id: unknown };
  }

  /**
   * The next unread message.
   * @throws TestTimeoutError if none arrives in time, or the connection ends; it lists the messages received so far
   */
  next(): Promise<Message> {
    return this.#messages.take(() => true, 'message');
  }

  /** The next message as text. @throws as `next` */
  async nextText(): Promise<string> {
    return String(await this.next());
  }

  /** The next message as JSON. @throws as `next`; SyntaxError if it is not JSON */
  async nextJson<T = any>(): Promise<T> {
    return JSON.parse(await this.nextText()) as T;
  }

  /** Reads messages until one is equal to the string, or accepted by the function, and returns it. @throws as `next` */
  async until(wanted: string | ((message: string) => boolean)): Promise<string> {
    const what = typeof wanted === 'string' ? `message ${JSON.stringify(wanted)}` : 'message of the wanted kind';
    for (;;) {
      const message = String(await this.#messages.take(() => true, what));
      if (typeof wanted === 'string' ? message === wanted : wanted(message)) return message;
    }
  }

  /** Returns all unread messages and marks them as read. */
  unread(): Message[] {
    return this.#messages.takeAll();
  }

  /** Stops reading from the socket, like a client that hangs. */
  pause(): void {
    this.socket.pause();
  }

  /** Reads again after `pause()`. */
  resume(): void {
    this.socket.resume();
  }

  /** Closes with a close frame. Resolves when the connection has ended, with the server's close code and reason. */
  async close(code = 1000, reason = ''): Promise<Closed> {
    this.socket.close(code, reason);
    return this.closed;
  }

  /** Cuts the connection without a close frame, like a phone in a tunnel. */
  async drop(): Promise<Closed> {
    this.socket.terminate();
    return this.closed;
  }
}

function socketTo(url: string, { headers, protocols = [], ws }: ConnectOptions): WebSocket {
  return new WebSocket(url, [...protocols], { headers, ...ws });
}

function addressOf(app: INestApplication): string {
  const address = (app.getHttpServer() as Server).address() as AddressInfo | null;
  if (address === null) throw new Error('The application does not listen: call `await app.listen(0)` first.');
  const isAny = address.address === '::' || address.address === '0.0.0.0';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `ws://${isAny ? 'localhost' : host}:${address.port}`;
}

function idOf(message: Message): unknown {
  if (typeof message !== 'string' || !message.startsWith('{')) return undefined;
  try {
    return (JSON.parse(message) as { id?: unknown }).id;
  } catch {
    return undefined;
  }
}
