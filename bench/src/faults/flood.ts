import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { FaultServer, heldBytes } from './fault-server.js';
import { p99Of, p99Row, type Pair } from './latency.js';

const ECHO_ROOMS = 20;
const PAIRS = 10;
const WARM_UP_MS = 3_000;
/** Short, so that both windows of a pair see the same machine. */
const WINDOW_MS = 1_000;
const MAX_GROWTH_BYTES = 32 * MIB;
const MAX_RATIO = 1.25;
/** Small, and yet so large that what the operating system holds of the flood is handled within a minute or two. */
const FLOOD_TEXT = 'x'.repeat(256);
const FLOOD_BATCH = 64;
/** The server reads the close frame only after everything before it. */
const CLOSE_TIMEOUT_MS = 600_000;
const DRAINED_MS = 3_000;

export const flood: Fault = {
  name: 'flood',
  title: 'One client sends without end into a room that is slow',

  async run(): Promise<Row[]> {
    const quiet = await FaultServer.start();
    const flooded = await FaultServer.start();
    try {
      const { pairs, grown, flooder } = await compare(quiet, flooded);
      const { code, handled } = await drain(flooded, flooder);
      return [
        atMost('heap and external over before', grown, MAX_GROWTH_BYTES, 'bytes'),
        p99Row(`p99 of ${ECHO_ROOMS} echo rooms`, pairs, MAX_RATIO),
        exactly('close code the flooder sees', code, 1000),
        exactly('messages handled of those it sent', handled, flooder.sent),
      ];
    } finally {
      await quiet.stop();
      await flooded.stop();
    }
  },
};

interface Comparison {
  readonly pairs: Pair[];
  /** Bytes, with the flood still on. */
  readonly grown: number;
  readonly flooder: Flooder;
}

interface End {
  readonly code: number;
  readonly handled: number;
}

/** What is left of a flood takes the room a minute: windows without one need a server of their own. */
async function compare(quiet: FaultServer, flooded: FaultServer): Promise<Comparison> {
  const [without, beside] = [await Echoes.join(quiet), await Echoes.join(flooded)];
  await without.pingPong(WARM_UP_MS);
  await beside.pingPong(WARM_UP_MS);
  const before = heldBytes(await flooded.figures());
  const flooder = await Flooder.start(flooded);
  const pairs: Pair[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const withMs = p99Of(await beside.pingPong(WINDOW_MS));
    // It would take time from the quiet one.
    flooded.child.kill('SIGSTOP');
    const withoutMs = p99Of(await without.pingPong(WINDOW_MS));
    flooded.child.kill('SIGCONT');
    pairs.push({ withoutMs, withMs });
  }
  const grown = heldBytes(await flooded.figures()) - before;
  flooder.stop();
  without.leave();
  beside.leave();
  return { pairs, grown, flooder };
}

/** Waits until everything is read, then until everything is handled. */
async function drain(server: FaultServer, flooder: Flooder): Promise<End> {
  const closed = once(flooder.ws, 'close');
  flooder.ws.close(1000);
  const [code] = (await closed) as [number];
  let handled = -1;
  for (;;) {
    const { messages } = await server.figures();
    if (messages === handled) return { code, handled };
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
      // While the kernel takes everything at once, the echo clients of this process would not get a turn.
      await nextTurn();
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
