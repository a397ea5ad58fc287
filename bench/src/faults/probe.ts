import { once } from 'node:events';
import { WebSocket } from 'ws';
import { summaryOf } from '../statistics.js';
import type { FaultServer } from './fault-server.js';

const GAP_MS = 20;

/** A client in a room of its own that times its round trips. */
export class Probe {
  #times: number[] = [];
  readonly #timer: NodeJS.Timeout;

  private constructor(private readonly ws: WebSocket) {
    ws.on('message', (data) => this.#times.push(performance.now() - Number((data as Buffer).toString('latin1'))));
    this.#timer = setInterval(() => ws.send(String(performance.now())), GAP_MS);
  }

  static async join(server: FaultServer): Promise<Probe> {
    const ws = new WebSocket(server.url('echo/probe'), { perMessageDeflate: false });
    await once(ws, 'open');
    return new Probe(ws);
  }

  /** Median of the round trips since the last call, in milliseconds; `Infinity` if there were none. */
  takeMedian(): number {
    const median = summaryOf(this.#times)?.median ?? Infinity;
    this.#times = [];
    return median;
  }

  leave(): void {
    clearInterval(this.#timer);
    this.ws.terminate();
  }
}
