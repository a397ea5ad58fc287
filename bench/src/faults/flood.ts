import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { FaultServer, heldBytes } from './fault-server.js';
import type { FloodEnd } from './flooder.js';
import { p99Of, p99Row, type Pair } from './latency.js';

const ECHO_ROOMS = 20;
const PAIRS = 10;
const WARM_UP_MS = 3_000;
/** Short, so that both windows of a pair see the same machine. */
const WINDOW_MS = 1_000;
const MAX_GROWTH_BYTES = 32 * MIB;
const MAX_RATIO = 1.25;
const DRAINED_MS = 3_000;
const program = new URL('./flooder.js', import.meta.url).pathname;

export const flood: Fault = {
  name: 'flood',
  title: 'One client sends without end into a room that is slow',

  async run(): Promise<Row[]> {
    const quiet = await FaultServer.start();
    const flooded = await FaultServer.start();
    try {
      const { pairs, grown, end } = await compare(quiet, flooded);
      const handled = await drained(flooded);
      return [
        atMost('heap and external over before', grown, MAX_GROWTH_BYTES, 'bytes'),
        p99Row(`p99 of ${ECHO_ROOMS} echo rooms`, pairs, MAX_RATIO),
        exactly('close code the flooder sees', end.code, 1000),
        exactly('messages handled of those it sent', handled, end.sent),
      ];
    } finally {
      await quiet.stop();
      await flooded.stop();
    }
  },
};

interface Comparison {
  readonly pairs: Pair[];
  /** Bytes, while the flood still runs. */
  readonly grown: number;
  readonly end: FloodEnd;
}

/** The room handles the rest of a flood for a minute, so windows without a flood need their own server. */
async function compare(quiet: FaultServer, flooded: FaultServer): Promise<Comparison> {
  const [without, beside] = [await Echoes.join(quiet), await Echoes.join(flooded)];
  await without.pingPong(WARM_UP_MS);
  await beside.pingPong(WARM_UP_MS);
  const before = heldBytes(await flooded.figures());
  const flooder = await Flooder.start(flooded);
  try {
    const pairs = await interleave(flooded, without, beside);
    const grown = heldBytes(await flooded.figures()) - before;
    without.leave();
    beside.leave();
    return { pairs, grown, end: await flooder.stop() };
  } finally {
    flooder.kill();
  }
}

async function interleave(flooded: FaultServer, without: Echoes, beside: Echoes): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const withMs = p99Of(await beside.pingPong(WINDOW_MS));
    // Stopped, so that it takes no time from the quiet one.
    flooded.child.kill('SIGSTOP');
    const withoutMs = p99Of(await without.pingPong(WINDOW_MS));
    flooded.child.kill('SIGCONT');
    pairs.push({ withoutMs, withMs });
  }
  return pairs;
}

/** Waits until everything that was read is handled. @returns how many messages that were */
async function drained(server: FaultServer): Promise<number> {
  let handled = -1;
  for (;;) {
    const { messages } = await server.figures();
    if (messages === handled) return handled;
    handled = messages;
    await sleep(DRAINED_MS);
  }
}

/** Runs in its own process, so that it takes no time from the clients that are measured here. */
class Flooder {
  private constructor(private readonly child: ChildProcess) {}

  static async start(server: FaultServer): Promise<Flooder> {
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc'];
    const child = spawn(process.execPath, [program, server.url('slow/flood')], { stdio });
    await once(child, 'message');
    return new Flooder(child);
  }

  /** Resolves when the server has read everything and answered the close frame. */
  async stop(): Promise<FloodEnd> {
    const ended = once(this.child, 'message');
    this.child.send('stop');
    const [end] = (await ended) as [FloodEnd];
    return end;
  }

  kill(): void {
    this.child.kill('SIGKILL');
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
    // Wait for the last answers.
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
