import { afterEach, describe, expect, it } from '@jest/globals';
import { JamsocketRooms, MemoryStore } from 'nestjs-jamsocket';
import { createTestRoom, SeededRandom, TestClient } from 'nestjs-jamsocket/testing';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { FUZZ, SEED } from './support/fuzz.js';
import { FieldRoom, LazyFieldRoom, past, TEAMS } from './support/state/field.room.js';
import { nothingSeen, Watcher, type Door } from './support/state/watcher.js';
import { startTestApp, type TestApp } from './support/test-app.js';

const ROOM = 'one';
const PATIENCE_MS = 20_000;
const MAX_WATCHERS = 8;
const STEPS = 300 * FUZZ;
const UPHEAVAL_STEPS = 20;

/** Where the room of a program runs. */
interface Site {
  readonly service: typeof FieldRoom | typeof LazyFieldRoom;
  /** One for each node. */
  readonly doors: readonly Door[];
  readonly rooms: JamsocketRooms;
  /** The room ends and begins anew, or moves, by one of these ways. */
  readonly upheavals: readonly (() => Promise<unknown>)[];
  close(): Promise<unknown>;
}

/** Random changes, and clients that join, are lost, resume, change their team and leave, and an upheaval now and then. */
class Program {
  /** Clients that kept their connections through an upheaval. */
  kept = 0;
  readonly #random: SeededRandom;
  #watchers: Watcher[] = [];
  #marks = 0;

  constructor(
    private readonly site: Site,
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
  }

  async run(steps: number): Promise<void> {
    for (const door of this.site.doors) await this.#enter(new Watcher(), door);
    for (let step = 1; step <= steps; step++) {
      if (step % UPHEAVAL_STEPS === 0) await this.#upheaval(step / UPHEAVAL_STEPS - 1);
      else await this.#step();
      if (step % 10 === 0) await this.#compare();
    }
  }

  async #step(): Promise<void> {
    const random = this.#under(12);
    const here = this.#watchers.filter(({ isAway }) => !isAway);
    const away = this.#watchers.filter(({ isAway }) => isAway);
    const one = here[this.#under(here.length)];
    if (random < 6 || one === undefined) await this.#stir();
    else if (random === 6 && this.#watchers.length < MAX_WATCHERS) await this.#enter(new Watcher());
    else if (random === 7) await one.connection.drop();
    else if (random === 8) one.goTo(this.#under(TEAMS));
    else if (random === 9 && here.length > 2) await this.#leave(one);
    else if (away.length > 0) await this.#enter(away[this.#under(away.length)]);
  }

  #stir(): Promise<unknown> {
    return this.site.rooms.invoke(this.site.service, ROOM, 'stir', this.#random.uint32());
  }

  /** Something is under way when it happens. */
  async #upheaval(number: number): Promise<void> {
    const { upheavals } = this.site;
    const stirring = this.#stir().catch(() => undefined);
    await upheavals[number % upheavals.length]();
    await Promise.race([stirring, new Promise(setImmediate)]);
    for (const watcher of this.#watchers) {
      if (watcher.isAway) await this.#enter(watcher);
      else this.kept++;
    }
  }

  async #enter(watcher: Watcher, door = this.site.doors[this.#under(this.site.doors.length)]): Promise<void> {
    if (!this.#watchers.includes(watcher)) this.#watchers.push(watcher);
    await watcher.connect(door);
  }

  async #leave(watcher: Watcher): Promise<void> {
    this.#watchers = this.#watchers.filter((other) => other !== watcher);
    await watcher.connection.close();
    watcher.read();
  }

  /** Once everyone has got everything, everyone has the same as the server. */
  async #compare(): Promise<void> {
    const { rooms, service } = this.site;
    const mark = `mark ${++this.#marks}`;
    const here = this.#watchers.filter(({ isAway }) => !isAway);
    for (const { connection } of here) connection.send(`echo ${mark}`);
    await Promise.all(here.map(({ connection }) => connection.until(`echo ${mark}`)));
    // They have said nothing since, so this is the last that they get.
    await rooms.invoke(service, ROOM, 'mark', mark);
    await Promise.all(here.map(({ connection }) => connection.until(mark)));
    const truth = await rooms.invoke(service, ROOM, 'truth');
    for (const watcher of here) expect([watcher.id, watcher.wrongIn(truth)]).toEqual([watcher.id, undefined]);
  }

  #under(limit: number): number {
    return this.#random.uint32() % limit;
  }
}

/** A room in virtual time, with clients at its own node. */
async function alone(service: Site['service']): Promise<Site> {
  const room = await createTestRoom(service, { roomId: ROOM, patienceMs: PATIENCE_MS, logger: false });
  return {
    service,
    doors: [{ seen: nothingSeen(), open: (protocols) => room.connect({ protocols }) }],
    get rooms() {
      return room.rooms;
    },
    upheavals: [() => room.crash(), () => room.restart(), () => room.advance(1_500).then(() => room.crash())],
    close: () => room.close(),
  };
}

/** Two nodes of a cluster, each with some of the clients, over real sockets. */
async function inCluster(): Promise<Site> {
  const hub = new InProcessHub(new SystemClock());
  const store = new MemoryStore();
  let started = 0;
  const boot = () =>
    startTestApp({
      options: { cluster: hub.node(`node ${++started}`), store: new ProcessStore(store) },
      providers: [FieldRoom],
    });
  const apps: TestApp[] = [await boot(), await boot()];
  const ownerIndex = () => apps.findIndex(({ app }) => app.get(JamsocketRooms).localRooms().length > 0);
  /** The room goes to the other node, with clients whose sockets are there. */
  const replaceOwner = async () => {
    const owner = ownerIndex();
    await apps[owner].close();
    apps[owner] = await boot();
  };
  return {
    service: FieldRoom,
    doors: [0, 1].map((node) => ({
      seen: nothingSeen(),
      open: (protocols) => connectTo(apps[node].ws, protocols),
    })),
    get rooms() {
      return apps[0].app.get(JamsocketRooms);
    },
    upheavals: [replaceOwner],
    close: () => Promise.all(apps.map((app) => app.close())),
  };
}

/** The room may be on its way to another node. */
async function connectTo(ws: string, protocols: readonly string[]): Promise<TestClient> {
  for (;;) {
    try {
      return await TestClient.connect(`${ws}/ws/field/${ROOM}`, '', { protocols, patienceMs: PATIENCE_MS });
    } catch (error) {
      if ((error as { status?: number }).status !== 503) throw error;
    }
  }
}

describe('shared state with tables is at every client what its team may see of it, and never what the room never had', () => {
  let site: Site;

  afterEach(async () => {
    await site.close();
    for (const states of past) states.clear();
  });

  const run = async (open: () => Promise<Site>) => {
    site = await open();
    const program = new Program(site, SEED);
    await program.run(STEPS);
    for (const { seen } of site.doors) {
      expect(seen.frames).toBeGreaterThan(100);
      expect(Math.min(seen.tables.board, seen.tables.field)).toBeGreaterThan(40);
      expect(seen.joined).toBeGreaterThan(1);
      expect(seen.resumed).toBeGreaterThan(8);
    }
    return { kept: program.kept, lost: site.doors.reduce((sum, { seen }) => sum + seen.lost, 0) };
  };

  it('where the room ends and is restored', async () => {
    expect(await run(() => alone(FieldRoom))).toEqual({ kept: 0, lost: 0 });
  });

  it('where the room is saved now and then, and clients have seen more than was saved', async () => {
    const { lost } = await run(() => alone(LazyFieldRoom));
    expect(lost).toBeGreaterThan(4);
  });

  it('where the room moves between two nodes that both have clients', async () => {
    const { kept, lost } = await run(inCluster);
    expect(kept).toBeGreaterThan(4);
    expect(lost).toBe(0);
  });
});
