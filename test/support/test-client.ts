import { WebSocket, type ClientOptions } from 'ws';

/** How long a client waits for what should come at once; only a failing test waits that long. */
const PATIENCE_MS = 3_000;

export interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A client over a real socket that reads its messages one after the other. */
export class TestClient {
  readonly received: (string | Buffer)[] = [];
  /** Resolves with code and reason once the connection has ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #read = 0;
  #waiting: (() => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.received.push(isBinary ? data : data.toString());
      this.#wake();
    });
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    void this.closed.then(() => this.#wake());
  }

  static async connect(url: string, options: ClientOptions = {}, protocols: string[] = []): Promise<TestClient> {
    const socket = new WebSocket(url, protocols, options);
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
      socket.on('unexpected-response', (_request, response) =>
        reject(new Error(`${url} was refused with ${response.statusCode}`)),
      );
    });
    socket.on('error', () => undefined);
    return client;
  }

  /** Expects the upgrade to be refused, and resolves with the HTTP answer. */
  static refused(url: string, options: ClientOptions = {}): Promise<Refused> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, options);
      socket.on('open', () => {
        socket.terminate();
        reject(new Error(`${url} was not refused`));
      });
      socket.on('error', reject);
      socket.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: JSON.parse(text || '{}') as Refused['body'],
          }),
        );
      });
    });
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  emit(event: string, data?: unknown, id?: unknown): void {
    this.send(JSON.stringify({ event, data, id }));
  }

  /** The next message that has not been read yet. */
  async next(): Promise<string | Buffer> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.#read === this.received.length) {
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`closed while waiting for a message; received so far: ${this.#soFar()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no message within ${PATIENCE_MS} ms; received so far: ${this.#soFar()}`);
      await this.#arrival(left);
    }
    return this.received[this.#read++];
  }

  async nextText(): Promise<string> {
    return String(await this.next());
  }

  async nextJson<T = any>(): Promise<T> {
    return JSON.parse(await this.nextText()) as T;
  }

  /** Reads until the message comes that is (or passes) `wanted`. */
  async until(wanted: string | ((message: string) => boolean)): Promise<string> {
    for (;;) {
      const message = await this.nextText();
      if (typeof wanted === 'string' ? message === wanted : wanted(message)) return message;
    }
  }

  /** Everything received and not read yet. */
  unread(): (string | Buffer)[] {
    const rest = this.received.slice(this.#read);
    this.#read = this.received.length;
    return rest;
  }

  async close(code = 1000, reason = ''): Promise<{ code: number; reason: string }> {
    this.socket.close(code, reason);
    return this.closed;
  }

  #arrival(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #soFar(): string {
    return JSON.stringify(this.received.map(String));
  }
}
