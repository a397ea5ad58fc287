import { setTimeout as sleep } from 'node:timers/promises';
import { Tally } from '../crowd.js';
import { atMost, exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { openDatabase, STORE_TITLES, type Database } from './databases.js';
import type { StoreKind } from './open-store.js';
import { Dice } from './dice.js';
import { PlainClient } from './plain-client.js';
import { Traffic } from './traffic.js';
import type { Victim } from './victim.js';
import { serverWith } from './victims.js';

const HANG_MS = 20_000;
/** Rooms wait for 10 s, then close their clients. */
const AWAY_BY_MS = 13_000;
/** The grace of 5 s, 2 s for closing the store, 1 s for closing the application's own client, and a busy machine. */
const END_MS = 12_000;

/** A way in which a store fails. */
interface Outage {
  readonly name: string;
  begin(server: Victim, database: Database): Promise<void> | void;
  end(server: Victim, database: Database): Promise<void> | void;
}

const hangs: Outage = {
  name: 'a store that hangs for 20 s',
  begin: (server, { pids }) => {
    if (pids().length === 0) return server.send({ mood: 'hangs' });
    signalAll(pids(), 'SIGSTOP');
  },
  end: (server, { pids }) => {
    if (pids().length === 0) return server.isRunning ? server.send({ mood: 'works' }) : undefined;
    signalAll(pids(), 'SIGCONT');
  },
};

const refuses: Outage = {
  name: 'a store that refuses',
  begin: (server) => server.send({ mood: 'refuses' }),
  // The next server uses the store as it is.
  end: () => undefined,
};

export function hangingOn(kind: StoreKind): Fault {
  return {
    name: `hang-${kind}`,
    title: `A store that hangs for 20 s under traffic, ${STORE_TITLES[kind]}`,
    run: (settings) => waitAndGoOn(kind, settings),
  };
}

async function waitAndGoOn(kind: StoreKind, { seed }: Settings): Promise<Row[]> {
  const scene = await Scene.open(kind, seed, 'hang');
  const { server, traffic, database } = scene;
  try {
    const began = performance.now();
    await hangs.begin(server, database);
    const newRoom = scene.connect('hang-new');
    await sleep(11_000);
    const late = await scene.connect('hang-0');
    const echoMs = await scene.echo();
    await sleep(Math.max(0, began + HANG_MS - performance.now()));
    await hangs.end(server, database);
    await traffic.until(() => traffic.areOpen === traffic.clients.length, 'everyone is back');
    await traffic.settle();
    return [
      ...(await scene.rows(hangs.name, began)),
      exactly('a connect to a room that is not running', await newRoom, UNAVAILABLE),
      exactly('a connect to one that has waited too long', late, UNAVAILABLE),
      atMost('round trip in a room that is not durable', echoMs, 500, 'ms'),
      ...auditRows(auditOf(traffic.clients), traffic.clients, 'a store that hung for 20 s'),
    ];
  } finally {
    await scene.close();
  }
}

export function refusingOn(kind: StoreKind): Fault {
  return {
    name: `refuse-${kind}`,
    title: `A store that does not come back until the server is replaced, ${STORE_TITLES[kind]}`,
    run: async ({ seed }) => [
      ...(await replaceServer(kind, seed, refuses, 'SIGKILL')),
      ...(await replaceServer(kind, seed, refuses, 'SIGTERM')),
      ...(await replaceServer(kind, seed, hangs, 'SIGTERM')),
    ],
  };
}

/** Acknowledged entries are saved; clients send the others again to the next server. */
async function replaceServer(kind: StoreKind, seed: number, outage: Outage, signal: NodeJS.Signals): Promise<Row[]> {
  const scene = await Scene.open(kind, seed, 'away');
  const { server, traffic, database } = scene;
  const what = `${outage.name}, ${signal}`;
  try {
    const began = performance.now();
    await outage.begin(server, database);
    await sleep(12_000);
    const [late, newRoom] = await Promise.all([scene.connect('away-0'), scene.connect('away-new')]);
    const { end, tookMs } = await server.kill(signal);
    const rows = await scene.rows(what, began);
    await outage.end(server, database);
    await server.start();
    await traffic.until(() => traffic.areOpen === traffic.clients.length, 'everyone is back');
    await traffic.settle();
    return [
      ...rows,
      exactly(
        `${what}: a connect to a running room, to another`,
        `${late}; ${newRoom}`,
        `${UNAVAILABLE}; ${UNAVAILABLE}`,
      ),
      exactly(`${what}: the server ends by`, end, signal),
      atMost(`${what}: from the signal to the end`, tookMs, END_MS, 'ms'),
      ...auditRows(auditOf(traffic.clients), traffic.clients, what),
    ];
  } finally {
    await scene.close();
  }
}

const UNAVAILABLE = '503 store_unavailable, Retry-After 1';

/** A server with the usual traffic, and in each room one client that cannot resume. */
class Scene {
  private constructor(
    readonly database: Database,
    readonly server: Victim,
    readonly traffic: Traffic,
    private readonly plain: readonly PlainClient[],
    private readonly echoClient: PlainClient,
  ) {}

  static async open(kind: StoreKind, seed: number, run: string): Promise<Scene> {
    const database = await openDatabase(kind);
    const server = await serverWith(database);
    await server.start();
    const traffic = await Traffic.begin(run, new Dice(seed), () => server.port);
    const rooms = [...new Set(traffic.clients.map(({ roomName }) => roomName))];
    const plain = await Promise.all(rooms.map((room) => PlainClient.in(server.url(`ledger/${room}`))));
    const echoClient = await PlainClient.in(server.url('echo/one'));
    await sleep(2_000);
    return new Scene(database, server, traffic, plain, echoClient);
  }

  async connect(room: string): Promise<string> {
    const client = await PlainClient.connect(this.server.url(`ledger/${room}`));
    if (typeof client === 'string') return client;
    client.close();
    return 'let in';
  }

  /** @returns how long it took, in milliseconds */
  async echo(): Promise<number> {
    const began = performance.now();
    const index = this.echoClient.texts.length;
    this.echoClient.send('still there?');
    await this.echoClient.textAt(index);
    return Math.round(performance.now() - began);
  }

  /** How the clients that cannot resume were closed, and what the others were told. */
  async rows(what: string, began: number): Promise<Row[]> {
    const endings = new Tally();
    let latestMs = 0;
    for (const { ending } of this.plain) {
      endings.add(ending === null ? 'still waiting' : `${ending.code} ${ending.reason}`);
      latestMs = Math.max(latestMs, ending === null ? Infinity : ending.at - began);
    }
    const told = new Set(this.traffic.clients.flatMap(({ ends }) => `${ends}`.match(/1\d\d\d [a-z_ ]+/g) ?? []));
    const isClear = [...told].every((text) =>
      /1013 (the store does not answer|store_unavailable|draining)|1012 /.test(text),
    );
    return [
      exactly(`${what}: clients that cannot resume, closed with`, `${endings}`, '3 × 1013 the store does not answer'),
      atMost(`${what}: from its beginning to the last of these closes`, Math.round(latestMs), AWAY_BY_MS, 'ms'),
      {
        what: `${what}: clients of jamsocket-client, told while they waited`,
        bound: '1013 the store does not answer, 1013 store_unavailable',
        measured: [...told].sort().join(', '),
        isMet: told.size > 0 && isClear,
      },
    ];
  }

  async close(): Promise<void> {
    this.traffic.end();
    for (const client of this.plain) client.close();
    this.echoClient.close();
    await this.server.stop();
    signalAll(this.database.pids(), 'SIGCONT');
    await this.database.stop();
  }
}

/** PostgreSQL's processes come and go. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
