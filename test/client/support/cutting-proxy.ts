import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Flow, type Cut } from './flow.js';

/** How a connection is cut; holes take the longest, and come half as often. */
const ENDS = ['reset', 'destroy', 'half-close'] as const;
const WAYS = [...ENDS, ...ENDS, 'black hole', 'one-way black hole'] as const;
export type Way = (typeof WAYS)[number];

/** Where: within the handshake, within the welcome and what is sent again, and later on. */
const DEPTHS = [300, 2_000, 20_000];

/**
 * A hole of one way lasts up to so long, unless one of the ends gives up before. Then it answers as a router that knows
 * nothing. A hole of both ways lasts until somebody finds it.
 */
const HOLE_MS = 1_000;

interface Pipe {
  readonly client: Socket;
  readonly server: Socket;
  hole?: NodeJS.Timeout;
}

const reset = (socket: Socket) => socket.resetAndDestroy();
const destroy = (socket: Socket) => socket.destroy();

/**
 * A TCP proxy that cuts every connection at a random byte of a random direction, until it has cut `cuts` times. What it
 * passes on it splits and delays. Until `begin`, and after the last cut, it only passes on.
 */
export class CuttingProxy {
  cutsLeft = 0;
  readonly cutsByWay: Record<Way, number> = {
    reset: 0,
    destroy: 0,
    'half-close': 0,
    'black hole': 0,
    'one-way black hole': 0,
  };
  readonly #pipes = new Set<Pipe>();

  private constructor(
    private readonly listener: Server,
    private readonly target: number,
    private readonly random: () => number,
  ) {
    listener.on('connection', (client) => this.#pipe(client));
  }

  /** @param target the port of the server */
  static async start(target: number, random: () => number): Promise<CuttingProxy> {
    const listener = createServer({ allowHalfOpen: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new CuttingProxy(listener, target, random);
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Cuts what is connected, as the first of so many cuts. */
  begin(cuts: number): void {
    this.cutsLeft = cuts;
    for (const pipe of [...this.#pipes]) this.#cut(pipe, 'reset', pipe.server);
  }

  async close(): Promise<void> {
    this.cutsLeft = 0;
    this.listener.close();
    for (const pipe of [...this.#pipes]) this.#end(pipe);
    await once(this.listener, 'close');
  }

  #pipe(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    const pipe: Pipe = { client, server };
    this.#pipes.add(pipe);
    const isUp = this.random() < 0.5;
    const cut = this.cutsLeft > 0 ? this.#plan(pipe, isUp ? server : client) : undefined;
    new Flow(client, server, this.random, isUp ? cut : undefined);
    new Flow(server, client, this.random, isUp ? undefined : cut);
    for (const socket of [client, server]) {
      socket.setNoDelay();
      socket.on('error', () => this.#end(pipe));
      socket.on('close', () => this.#end(pipe));
    }
  }

  #plan(pipe: Pipe, receiver: Socket): Cut {
    const way = this.#pick(WAYS);
    const afterBytes = 1 + Math.floor(this.random() * this.#pick(DEPTHS));
    return { afterBytes, make: () => this.#cut(pipe, way, receiver) };
  }

  #cut(pipe: Pipe, way: Way, receiver: Socket): boolean {
    if (this.cutsLeft === 0 || !this.#pipes.has(pipe)) return false;
    this.cutsLeft--;
    this.cutsByWay[way]++;
    if (way === 'reset') this.#end(pipe, reset);
    else if (way === 'destroy') this.#end(pipe);
    else if (way === 'half-close') receiver.end();
    else this.#swallow(pipe, way);
    return true;
  }

  /** One way, the flow lets nothing through any more as it is. */
  #swallow(pipe: Pipe, way: 'black hole' | 'one-way black hole'): void {
    if (way === 'one-way black hole') {
      pipe.hole = setTimeout(() => this.#end(pipe, reset), this.random() * HOLE_MS);
      return;
    }
    for (const socket of [pipe.client, pipe.server]) {
      socket.removeAllListeners('data').removeAllListeners('end');
      socket.on('end', () => this.#end(pipe)).resume();
    }
  }

  #end(pipe: Pipe, end: (socket: Socket) => unknown = destroy): void {
    if (!this.#pipes.delete(pipe)) return;
    clearTimeout(pipe.hole);
    end(pipe.client);
    end(pipe.server);
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)];
  }
}
