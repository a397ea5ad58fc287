import { get, type ClientRequest, type IncomingMessage } from 'node:http';

const PATIENCE_MS = 20_000;

/** An event of the inspector's stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: any;
}

/** An open inspector, as its page would be: reads Server-Sent Events over real HTTP. */
export class InspectorStream {
  readonly events: StreamEvent[] = [];
  /** Resolves when the server has ended or cut the stream. */
  readonly ended: Promise<void>;
  #read = 0;
  #text = '';
  #hasEnded = false;
  #wake: (() => void)[] = [];

  private constructor(
    private readonly request: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#take(chunk));
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) =>
      response.on('close', () => {
        this.#hasEnded = true;
        this.#tell();
        resolve();
      }),
    );
  }

  /** @param base URL of the page; `room` is the key of a room to watch */
  static async open(base: string, room?: string, headers: Record<string, string> = {}): Promise<InspectorStream> {
    const query = room === undefined ? '' : `?room=${encodeURIComponent(room)}`;
    const request = get(`${base}/events${query}`, { headers, agent: false });
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      request.on('response', resolve).on('error', reject),
    );
    if (response.statusCode !== 200) {
      response.resume();
      throw new Error(`the stream was answered with ${response.statusCode}`);
    }
    request.on('error', () => undefined);
    return new InspectorStream(request, response);
  }

  /** The next event of this name for which `isWanted` is true. Earlier events count as read. */
  async next<T = any>(name: string, isWanted: (data: T) => boolean = () => true): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      while (this.#read < this.events.length) {
        const { event, data } = this.events[this.#read++];
        if (event === name && isWanted(data as T)) return data as T;
      }
      const left = deadline - performance.now();
      if (this.#hasEnded || left <= 0) throw new Error(`no such "${name}" came: ${this.#summary()}`);
      await this.#change(left);
    }
  }

  /** All events of this name so far. */
  all<T = any>(name: string): T[] {
    return this.events.filter(({ event }) => event === name).map(({ data }) => data as T);
  }

  close(): Promise<void> {
    this.request.destroy();
    return this.ended;
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const blocks = this.#text.split('\n\n');
    this.#text = blocks.pop()!;
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined) this.events.push({ event, data: JSON.parse(data) });
    }
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #summary(): string {
    return JSON.stringify(this.events.slice(-5)).slice(0, 2_000);
  }
}
