import type { ClientOptions } from 'ws';
import { TestClient } from './test-client.js';

/** From docs/protocol.md. Written out here, so that the specs do not depend on the library's constants. */
const PROTOCOL = 'jamsocket.v1';

export interface Welcome {
  readonly jamsocket: string;
  readonly client: number;
  readonly resumed: boolean;
  readonly received: number;
  readonly handled: number;
  readonly windowMs: number;
  readonly lost?: string;
}

/** A client of `jamsocket.v1` over a real socket, a frame at a time. */
export class ResumingClient {
  /** Data frames, over all connections. */
  readonly messages: string[] = [];
  /** Number of handled messages, according to the server. */
  readonly acknowledged: number[] = [];

  private constructor(
    readonly url: string,
    public connection: TestClient,
    public welcome: Welcome,
  ) {}

  static async connect(url: string, options?: ClientOptions): Promise<ResumingClient> {
    const connection = await TestClient.connect(url, options, [PROTOCOL]);
    const client = new ResumingClient(url, connection, await connection.nextJson());
    client.confirm();
    return client;
  }

  confirm(): void {
    this.connection.send(JSON.stringify({ jamsocket: this.welcome.jamsocket }));
  }

  /** Sends a heartbeat. */
  beat(): void {
    this.confirm();
  }

  send(text: string): void {
    this.connection.send(text);
  }

  async next(): Promise<string> {
    for (;;) {
      const frame = await this.connection.nextText();
      if (!frame.startsWith(`{"jamsocket":"${this.welcome.jamsocket}",`)) {
        this.messages.push(frame);
        return frame;
      }
      this.acknowledged.push((JSON.parse(frame) as { handled: number }).handled);
    }
  }

  async until(wanted: string): Promise<void> {
    while ((await this.next()) !== wanted);
  }

  /** The connection is lost. */
  async cut(): Promise<void> {
    this.connection.socket.terminate();
    await this.connection.closed;
  }

  /** Resumes with its current token and count, unless told otherwise. The test sends the confirmation. */
  async resume(received = this.messages.length, token = this.welcome.jamsocket, options?: ClientOptions) {
    const protocols = [PROTOCOL, `jamsocket.resume.${token}.${received}`];
    this.connection = await TestClient.connect(this.url, options, protocols);
    this.welcome = await this.connection.nextJson();
    return this.welcome;
  }
}
