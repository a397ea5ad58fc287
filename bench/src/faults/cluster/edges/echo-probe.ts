import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Victim } from '../../durable/victim.js';
import { p99Of } from '../../latency.js';

const CLIENTS = 20;
/** Between two messages, each of the next client. */
const GAP_MS = 2;

/** Clients of one node that time the echoes of their rooms, which are on another node. */
export class EchoProbe {
  #times: number[] = [];
  #sent = 0;
  readonly #timer: NodeJS.Timeout;

  private constructor(private readonly sockets: readonly WebSocket[]) {
    let next = 0;
    this.#timer = setInterval(() => {
      this.sockets[next++ % CLIENTS].send(`${performance.now()}`);
      this.#sent++;
    }, GAP_MS);
    for (const socket of sockets) socket.on('message', (data) => this.#take(String(data)));
  }

  static async join(node: Victim, own: (room: string) => Promise<void>): Promise<EchoProbe> {
    const sockets: WebSocket[] = [];
    for (let number = 0; number < CLIENTS; number++) {
      await own(`echo/probe${number}`);
      const socket = new WebSocket(node.url(`echo/probe${number}`), { perMessageDeflate: false });
      await once(socket, 'open');
      sockets.push(socket);
    }
    return new EchoProbe(sockets);
  }

  /** The p99 of the echoes of so many milliseconds. */
  async p99(ms: number): Promise<number> {
    this.#times = [];
    await sleep(ms);
    return p99Of(this.#times);
  }

  /** Messages without an echo. */
  get missing(): number {
    return this.#sent;
  }

  leave(): void {
    clearInterval(this.#timer);
    for (const socket of this.sockets) socket.terminate();
  }

  #take(text: string): void {
    this.#sent--;
    this.#times.push(performance.now() - Number(text));
  }
}
