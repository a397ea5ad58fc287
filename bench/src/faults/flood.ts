import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { FaultServer, heldBytes } from './fault-server.js';
import { p99Of, p99Row, type Pair } from './latency.js';

const ECHO_ROOMS = 20;
const PAIRS = 3;
const WARM_UP_MS = 3_000;
const WINDOW_MS = 5_000;
const MAX_GROWTH_BYTES = 32 * MIB;
const MAX_RATIO = 1.25;
/** Small, and yet so large that what the operating system holds of the flood is handled within a minute or two. */
const FLOOD_TEXT = 'x'.repeat(256);
const FLOOD_BATCH = 256;
/** The server reads the close frame only after everything before it. */
const CLOSE_TIMEOUT_MS = 600_000;
const DRAINED_MS = 3_000;

export const flood: Fault = {
  name: 'flood',
  title: 'One client sends without end into a room that is slow',

  async run(): Promise<Row[]> {
    const rounds: Round[] = [];
    for (let round = 1; round < PAIRS; round++) rounds.push(await runRound());
    let end: End | undefined;
    rounds.push(await runRound(async (server, flooder) => (end = await drain(server, flooder))));
    const { code, sent, handled } = end!;
    return [
      atMost('heap and external over before', Math.max(...rounds.map(({ grown }) => grown)), MAX_GROWTH_BYTES, 'bytes'),
      p99Row(`p99 of ${ECHO_ROOMS} echo rooms`, rounds, MAX_RATIO),
      exactly('close code the flooder sees', code, 1000),
      exactly('messages handled of those it sent', handled, sent),
    ];
  },
};

interface Round extends Pair {
  /** Bytes, while the flood is on. */
  readonly grown: number;
}

interface End {
  readonly code: number;
  readonly sent: number;
  readonly handled: number;
}

type AfterFlood = (server: FaultServer, flooder: Flooder) => Promise<unknown>;

/** On a server of its own: what is left of one flood takes the room a while, and would be there in the next window. */
async function runRound(afterFlood?: AfterFlood): Promise<Round> {
  const server = await FaultServer.start();
  try {
    const echoes = await Echoes.join(server);
    await echoes.pingPong(WARM_UP_MS);
    const withoutMs = p99Of(await echoes.pingPong(WINDOW_MS));
    const before = await server.figures();
    const flooder = await Flooder.start(server);
    const withMs = p99Of(await echoes.pingPong(WINDOW_MS));
    const grown = heldBytes(await server.figures()) - heldBytes(before);
    flooder.stop();
    echoes.leave();
    await afterFlood?.(server, flooder);
    flooder.ws.terminate();
    return { withoutMs, withMs, grown };
  } finally {
    await server.stop();
  }
}

/** Waits until everything is read, then until everything is handled. */
async function drain(server: FaultServer, flooder: Flooder): Promise<End> {
  const closed = once(flooder.ws, 'close');
  flooder.ws.close(1000);
  const [code] = (await closed) as [number];
  let handled = -1;
  for (;;) {
    const { messages } = await server.figures();
    if (messages === handled) return { code, sent: flooder.sent, handled };
    handled = messages;
    await sleep(DRAINED_MS);
  }
}

/** Sends small messages as fast as they are taken. */
class Flooder {
  sent = 0;
  #isOn = true;

  private constructor(readonly ws: WebSocket) {}

  static async start(server: FaultServer): Promise<Flooder> {
    const options = { perMessageDeflate: false, closeTimeout: CLOSE_TIMEOUT_MS };
    const flooder = new Flooder(new WebSocket(server.url('slow/flood'), options));
    await once(flooder.ws, 'open');
    void flooder.#pour();
    return flooder;
  }

  stop(): void {
    this.#isOn = false;
  }

  async #pour(): Promise<void> {
    while (this.#isOn) {
      this.sent += FLOOD_BATCH;
      for (let number = 1; number < FLOOD_BATCH; number++) this.ws.send(FLOOD_TEXT);
      await new Promise<void>((resolve) => this.ws.send(FLOOD_TEXT, () => resolve()));
    }
  }
}

/** One client a room, each with one message under way. */
class Echoes {
  #isOn = false;
  #latencies: number[] = [];
  readonly #clients: WebSocket[] = [];

  static async join(server: FaultServer): Promise<Echoes> {
    const echoes = new Echoes();
    for (let room = 0; room < ECHO_ROOMS; room++) await echoes.#add(server.url(`echo/${room}`));
    return echoes;
  }

  /** @returns milliseconds of each round trip */
  async pingPong(durationMs: number): Promise<number[]> {
    this.#latencies = [];
    this.#isOn = true;
    for (const client of this.#clients) client.send(String(performance.now()));
    await sleep(durationMs);
    this.#isOn = false;
    // Until the last answers are there.
    await sleep(100);
    return this.#latencies;
  }

  leave(): void {
    for (const client of this.#clients) client.terminate();
  }

  async #add(url: string): Promise<void> {
    const client = new WebSocket(url, { perMessageDeflate: false });
    await once(client, 'open');
    client.on('message', (data) => {
      const now = performance.now();
      this.#latencies.push(now - Number((data as Buffer).toString('latin1')));
      if (this.#isOn) client.send(String(now));
    });
    this.#clients.push(client);
  }
}
