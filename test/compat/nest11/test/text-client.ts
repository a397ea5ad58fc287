import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A WebSocket whose text messages are awaited one by one. */
export class TextClient {
  private readonly received: string[] = [];
  private wake: () => void = () => {};

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (bytes: Buffer) => {
      this.received.push(bytes.toString());
      this.wake();
    });
  }

  static async connect(url: string): Promise<TextClient> {
    const client = new TextClient(new WebSocket(url));
    await once(client.socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next(withinMs = 5_000): Promise<string> {
    if (this.received.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no message within ${withinMs} ms`)), withinMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.received.shift()!;
  }

  async nextJson(): Promise<unknown> {
    return JSON.parse(await this.next());
  }

  async closed(): Promise<number> {
    const [code] = (await once(this.socket, 'close')) as [number];
    return code;
  }
}

/** The status and body with which the server refuses the upgrade. */
export async function refusal(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.once('open', () => reject(new Error(`${url} was not refused`)));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}
