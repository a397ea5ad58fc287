import type { INestApplication } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import type { Server } from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import { WebSocket } from 'ws';
import { JamsocketGateway } from '../gateway/jamsocket.gateway.js';
import type { Client } from '../members/client.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import { vanishAll } from '../rooms/stop-all.js';
import { Waker } from '../rooms/waker.js';
import type { Room } from '../room/room.js';
import { AsyncWatch } from './async-watch.js';
import { checkedPatience, withQuery } from './connect-options.js';
import { MemoryNetwork } from './memory-network.js';
import { openSocket } from './open-socket.js';
import { PassingTime } from './time/passing-time.js';
import { RoomClient, type RoomConnectOptions } from './room-client.js';
import type { ProcessStore } from './host/process-store.js';
import { settle } from './settling.js';
import { LeakError, TestTimeoutError } from './testing.errors.js';
import type { VirtualClock } from './time/virtual-clock.js';

/** Makes the Host header `localhost`, so that pages of `http://localhost` count as the same host. */
const HOST = 'ws://localhost';

/** An application with virtual time and a network in memory. */
export class TestApp {
  readonly network: MemoryNetwork;
  readonly registry: RoomRegistry;
  readonly #watch = new AsyncWatch();
  readonly #clients = new WeakMap<object, Client>();
  readonly #options = new WeakMap<object, RoomConnectOptions>();
  readonly #time: PassingTime;
  #closed: Promise<void> | null = null;

  constructor(
    readonly app: INestApplication,
    readonly module: TestingModule,
    readonly clock: VirtualClock,
    readonly patienceMs: number,
    /** `null` without a store. */
    readonly store: ProcessStore | null,
  ) {
    this.network = new MemoryNetwork((work) => this.#watch.run(work));
    this.registry = module.get(RoomRegistry);
    this.#time = new PassingTime(clock, this.#watch, module.get<Waker | null>(Waker));
    module.get(JamsocketGateway).onClient = (client, socket) => {
      this.#clients.set(socket, client);
      const { user, ...options } = this.#options.get(socket) ?? {};
      if ('data' in options) client.data = options.data;
      if (user !== undefined) client.setAuth({ user });
    };
  }

  /**
   * Opens a connection to the application's HTTP server, which handles it like one from the network.
   * @throws ConnectRefusedError, TestTimeoutError
   */
  async connect(path: string, options: RoomConnectOptions): Promise<RoomClient> {
    const patienceMs = checkedPatience(options.patienceMs ?? this.patienceMs);
    const { client: socket, server } = this.network.connect(options.ip ?? '127.0.0.1');
    this.#options.set(server, options);
    const httpServer = this.app.getHttpServer() as Server;
    this.#watch.run(() => httpServer.emit('connection', server));
    const url = HOST + withQuery(path, options.query);
    const { headers, protocols = [], ws } = options;
    const webSocket = new WebSocket(url, [...protocols], { headers, ...ws, createConnection: () => socket });
    const client = new RoomClient(webSocket, this, () => this.#clientOf(server), patienceMs);
    await openSocket(webSocket, url, patienceMs);
    await this.settle();
    return client;
  }

  /** The client that came with this socket: a new one, or one that has resumed. */
  #clientOf(server: object): Client | undefined {
    const arrival = this.#clients.get(server);
    if (arrival === undefined || arrival.room !== null) return arrival;
    const members = this.registry.list().flatMap((room) => room.members.all);
    return members.find(({ request }) => request === arrival.request) ?? arrival;
  }

  /** Runs a function on the server's side and waits for it for at most `patienceMs`. @throws TestTimeoutError */
  async within<T>(work: () => Promise<T>, failure: string): Promise<T> {
    let timer: NodeJS.Timeout;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new TestTimeoutError(failure)), this.patienceMs);
    });
    try {
      return await Promise.race([this.#watch.run(work), tooLate]);
    } finally {
      clearTimeout(timer!);
    }
  }

  /** @throws TestTimeoutError that names the rooms whose handlers have not finished */
  async settle(): Promise<void> {
    const busy = await settle({ network: this.network, rooms: this.registry }, this.patienceMs);
    if (busy.length === 0) return;
    const names = busy.map(nameOf).join(', ');
    throw new TestTimeoutError(
      `After ${this.patienceMs} ms of real time a handler of ${names} has still not finished. If it waits for virtual time, or should hang, use advance(ms, { waitForHandlers: false }).`,
    );
  }

  /** Runs the timers that are due in the next `ms` milliseconds, one after another. */
  advance(ms: number, waitForHandlers: boolean): Promise<void> {
    return this.#time.advance(ms, () => (waitForHandlers ? this.settle() : this.#settleWithin(0)));
  }

  /** Ends the process as `kill -9` does: no handler runs, nothing is saved, every connection is cut. */
  async die(): Promise<void> {
    this.store?.kill();
    vanishAll(this.registry);
    this.network.destroyAll();
    await this.#settleWithin(0);
    this.clock.dropAll();
  }

  /**
   * Closes the application, with all its rooms and clients.
   * @throws LeakError if a handler or a timer is still running then
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#settleWithin(this.patienceMs);
    const rooms = this.registry.unstopped();
    await this.#time.until(
      this.#watch.run(() => this.app.close()),
      () => this.#settleWithin(this.patienceMs),
    );
    this.network.destroyAll();
    await this.#settleWithin(0);
    const leaks = [
      ...rooms
        .filter((room) => !room.isIdle || room.hasOverdueTurn)
        .map((room) => `${nameOf(room)}: a handler that is still running`),
      ...this.clock.pending.map((timer) => `a timer of JamsocketClock: ${timer.toString()}`),
      ...this.#watch.running,
    ];
    this.#watch.stop();
    if (leaks.length > 0) throw new LeakError(leaks);
  }

  #settleWithin(patienceMs: number): Promise<readonly Room[]> {
    return settle({ network: this.network, rooms: this.registry }, patienceMs);
  }
}

function nameOf(room: Room): string {
  return `${room.definition.type.name} "${room.address.key}"`;
}
