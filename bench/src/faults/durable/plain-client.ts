import { WebSocket } from 'ws';

/** How a connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly at: number;
}

/** A client of `ws`, which knows nothing of `jamsocket.v1`. */
export class PlainClient {
  readonly texts: string[] = [];
  readonly closed: Promise<Ending>;
  ending: Ending | null = null;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.texts.push(data.toString()));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.ending = { code, reason: reason.toString(), at: performance.now() };
        resolve(this.ending);
      });
    });
  }

  /** @returns the client, or the answer with which it was refused, as `503 room_unreadable, Retry-After 1` */
  static async connect(url: string): Promise<PlainClient | string> {
    const socket = new WebSocket(url);
    const client = new PlainClient(socket);
    return new Promise((resolve) => {
      socket.once('open', () => resolve(client));
      socket.once('unexpected-response', (request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.once('end', () => {
          request.destroy();
          const after = response.headers['retry-after'];
          const rest = after === undefined ? '' : `, Retry-After ${after}`;
          resolve(`${response.statusCode} ${codeOf(body)}${rest}`);
        });
      });
      void client.closed.then(({ code, reason }) => resolve(`closed ${code} ${reason}`));
    });
  }

  /** Connects, and throws if the client is refused. */
  static async in(url: string): Promise<PlainClient> {
    const client = await PlainClient.connect(url);
    if (typeof client === 'string') throw new Error(`${url} answers ${client}`);
    return client;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** The text with this index, from 0. Waits for it if necessary. */
  async textAt(index: number, withinMs = 20_000): Promise<string> {
    const deadline = performance.now() + withinMs;
    while (this.texts.length <= index) {
      if (this.ending !== null) throw new Error(`closed ${this.ending.code} ${this.ending.reason}`);
      if (performance.now() > deadline) throw new Error(`no text ${index + 1} after ${withinMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.texts[index];
  }

  close(): void {
    this.socket.terminate();
  }
}

function codeOf(body: string): string {
  try {
    return String((JSON.parse(body) as { code?: unknown }).code);
  } catch {
    return JSON.stringify(body.slice(0, 80));
  }
}
