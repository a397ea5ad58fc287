import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketHealth,
  JamsocketRooms,
  JamsocketService,
  MemoryStore,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  OnTimer,
  State,
  type Client,
  type JamsocketOptions,
  type RoomStore,
} from 'nestjs-jamsocket';
import { Redis } from 'ioredis';
import { RedisStore } from 'nestjs-jamsocket/redis';
import { VirtualClock } from '../libs/jamsocket/src/testing/time/virtual-clock.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from './support/gate.js';
import { MoodyStore } from './support/moody-store.js';
import { ResumingClient } from './support/resuming-client.js';
import { findRedis, hasServer, startRedis } from './support/servers.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { RoomRegistry } from '../libs/jamsocket/src/rooms/room-registry.js';

const journal = new Journal();

@JamsocketService({
  path: 'ledger',
  durable: { save: 'turn' },
  shutdown: 'never',
  limits: { maxClientsPerRoom: 2 },
})
class LedgerRoom {
  @State() private total = 0;
  @State() entries: { at: Date; n: number }[] = [];

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    journal.add(`create ${this.ctx.restored?.reason} ${this.total}`);
  }

  @OnConnect()
  connect(client: Client) {
    client.data = { name: `n${client.id}` };
    client.tag('red');
    journal.add(`connect ${client.id}`);
  }

  @OnMessage()
  async message(client: Client<{ name: string }>, text: string) {
    if (text === 'wait') await new Promise((resolve) => setTimeout(resolve, 20));
    if (text === 'timer') this.ctx.setTimer(60_000, 'late');
    if (text === 'soon') this.ctx.setTimer(30, 'late');
    const n = Number(text) || 0;
    this.total += n;
    this.entries.push({ at: new Date(0), n });
    this.ctx.sendMessage(Broadcast, `${text} by ${client.id} (${client.data.name}) total ${this.total}`);
  }

  @OnTimer('late')
  late() {
    this.ctx.sendMessage(Broadcast, `late ${this.total}`);
    journal.add('late');
  }

  @OnDisconnect()
  disconnect(client: Client<{ name: string }>) {
    journal.add(`disconnect ${client.id} ${client.data?.name} ${[...client.tags].join()}`);
  }

  sum() {
    return this.total;
  }
}

@JamsocketService({ path: 'made', durable: { save: 'turn' }, roomIds: 'api' })
class MadeRoom {
  @State() private count = 0;

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`count ${++this.count}`);
  }

  peek() {
    return this.count;
  }
}

@JamsocketService('slow')
class SlowRoom {
  @OnMessage()
  async message() {
    journal.add('slow');
    await new Promise(() => undefined);
  }
}

describe('a durable room', () => {
  let store: KeptOpen;
  let apps: TestApp[] = [];

  beforeEach(() => {
    journal.entries.length = 0;
    store = new KeptOpen();
  });

  afterEach(async () => {
    for (const app of apps) await app.close();
    apps = [];
  });

  async function start(options: JamsocketOptions = {}): Promise<TestApp> {
    const app = await startTestApp({ providers: [LedgerRoom, MadeRoom, SlowRoom], options: { store, ...options } });
    apps.push(app);
    return app;
  }

  /** In a first process, a client that can resume has added 5. */
  async function startWithFive() {
    const first = await start();
    const client = await ResumingClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.next();
    return { first, client };
  }

  it('goes on in another process after a crash, exactly where it was', async () => {
    const first = await start();
    const client = await ResumingClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    expect(await client.next()).toBe('5 by 1 (n1) total 5');
    client.send('7');
    await client.until('7 by 1 (n1) total 12');
    // The first process does not know that it is dead.
    const second = await start();
    const back = await resumeAt(second, client);
    expect(back).toMatchObject({ resumed: true, client: 1, received: 2, handled: 2 });
    client.confirm();
    client.send('1');
    expect(await client.next()).toBe('1 by 1 (n1) total 13');
    expect(journal.entries).toEqual(['create undefined 0', 'connect 1', 'create crash 12']);
  });

  it('refuses what the process still sends that had it before', async () => {
    const first = await start();
    const client = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.nextText();
    const second = await start();
    const other = await TestClient.connect(`${second.ws}/ws/ledger/one`);
    client.send('100');
    expect((await client.closed).code).toBe(1012);
    other.send('1');
    expect(await other.nextText()).toBe('1 by 2 (n2) total 6');
    await journal.has('disconnect 1 n1 red');
  });

  it('survives an orderly restart, of which its clients are told nothing', async () => {
    const { first, client } = await startWithFive();
    await first.close();
    apps = [];
    expect((await client.connection.closed).code).toBe(1012);
    const second = await start();
    expect(await resumeAt(second, client)).toMatchObject({ resumed: true, client: 1, handled: 1 });
    client.confirm();
    client.send('2');
    expect(await client.next()).toBe('2 by 1 (n1) total 7');
    expect(journal.entries).toEqual(['create undefined 0', 'connect 1', 'create restart 5']);
  });

  it('keeps the places of its clients when it is still being restored at a shutdown', async () => {
    const { first, client } = await startWithFive();
    await first.close();
    const second = await start();
    const gate = store.holdClaims();
    const early = resumeAt(second, client).catch(() => undefined);
    await gate.isReached;
    const closed = second.close();
    await new Promise((resolve) => setImmediate(resolve));
    gate.open();
    await Promise.all([closed, early]);
    const third = await start();
    expect(await resumeAt(third, client)).toMatchObject({ resumed: true, client: 1 });
    expect(journal.entries.filter((entry) => /connect/.test(entry))).toEqual(['connect 1']);
  });

  it('has not crashed when a shutdown cannot wait until it is restored', async () => {
    const { first, client } = await startWithFive();
    await first.close();
    const second = await start({ shutdownGraceMs: 1_000 });
    const gate = store.holdClaims();
    const early = resumeAt(second, client).catch(() => undefined);
    await gate.isReached;
    const closed = second.close();
    // The room is given up; if not, it is only restored and saved.
    while (second.app.get(RoomRegistry).size > 0) await new Promise(setImmediate);
    gate.open();
    await Promise.all([closed, early]);
    const third = await start();
    expect(await resumeAt(third, client)).toMatchObject({ resumed: true, client: 1 });
    expect(journal.entries.at(-1)).toBe('create restart 5');
  });

  it('keeps the places of its clients when another room takes its time at a shutdown', async () => {
    const first = await start({ shutdownGraceMs: 500 });
    const slow = await ResumingClient.connect(`${first.ws}/ws/slow/one`);
    slow.send('anything');
    await journal.has('slow');
    const client = await ResumingClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.next();
    await first.close();
    const second = await start();
    expect(await resumeAt(second, client)).toMatchObject({ resumed: true, client: 1 });
    expect(journal.entries.filter((entry) => /connect/.test(entry))).toEqual(['connect 1']);
  });

  it('lets the clients back in that were in it when it was full, and no others', async () => {
    const first = await start();
    const clients = [];
    for (let count = 0; count < 2; count++) clients.push(await ResumingClient.connect(`${first.ws}/ws/ledger/full`));
    await first.close();
    const second = await start();
    await expect(resumeAt(second, clients[0])).resolves.toMatchObject({ resumed: true, client: 1 });
    await expect(TestClient.connect(`${second.ws}/ws/ledger/full`)).rejects.toThrow('503');
    await expect(resumeAt(second, clients[1])).resolves.toMatchObject({ resumed: true, client: 2 });
  });

  it('is woken by its timers even if nobody connects', async () => {
    const first = await start();
    const client = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('soon');
    await client.nextText();
    await first.close();
    apps = [];
    await start();
    await journal.has('late');
  });

  it('is restored for a call from outside, and stays unknown if it never was', async () => {
    const first = await start();
    const client = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.nextText();
    await first.close();
    apps = [];
    const rooms = (await start()).app.get(JamsocketRooms);
    expect(await rooms.invoke(LedgerRoom, 'one', 'sum')).toBe(5);
    await expect(rooms.invoke(LedgerRoom, 'two', 'sum')).rejects.toMatchObject({ code: 'room_not_found' });
    expect(await store.list('ledger', 10)).toEqual([{ service: 'ledger', key: 'one' }]);
  });

  it('is not claimed for ids that clients or calls invent, and found by those who know it', async () => {
    const first = await start();
    await first.app.get(JamsocketRooms).create(MadeRoom, 'one');
    await first.close();
    apps = [];
    const { app, ws } = await start();
    const rooms = app.get(JamsocketRooms);
    const { claimed } = store;
    expect(await TestClient.refused(`${ws}/ws/made/two`)).toMatchObject({ status: 404 });
    await expect(rooms.invoke(MadeRoom, 'two', 'peek')).rejects.toMatchObject({ code: 'room_not_found' });
    expect(await rooms.delete(MadeRoom, 'two')).toBe(false);
    expect(store.claimed).toBe(claimed);
    const client = await TestClient.connect(`${ws}/ws/made/one`);
    expect([await client.nextText(), await rooms.invoke(MadeRoom, 'one', 'peek')]).toEqual(['count 1', 1]);
    expect(store.claimed).toBe(claimed + 1);
  });

  it('is deleted by code even if another process has claimed it', async () => {
    const first = await start();
    const client = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.nextText();
    const second = await start();
    const other = await TestClient.connect(`${second.ws}/ws/ledger/one`);
    expect(await first.app.get(JamsocketRooms).delete(LedgerRoom, 'one', 'over')).toBe(true);
    expect(await store.list('ledger', 10)).toEqual([]);
    other.send('1');
    expect((await other.closed).code).toBe(1012);
    const anew = await TestClient.connect(`${second.ws}/ws/ledger/one`);
    anew.send('1');
    expect(await anew.nextText()).toBe('1 by 1 (n1) total 1');
  });

  it('is deleted by code, running or not', async () => {
    const first = await start();
    const rooms = first.app.get(JamsocketRooms);
    const client = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.nextText();
    expect(await rooms.invoke(LedgerRoom, 'one', 'sum')).toBe(5);
    expect(await rooms.delete(LedgerRoom, 'one')).toBe(true);
    expect((await client.closed).code).toBe(1000);
    expect(await rooms.delete(LedgerRoom, 'one')).toBe(false);
    const next = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    next.send('1');
    expect(await next.nextText()).toBe('1 by 1 (n1) total 1');
    const handle = (await rooms.find(LedgerRoom, 'one'))!;
    await expect(handle.delete('x'.repeat(124))).rejects.toMatchObject({ code: 'bad_close_code' });
    await handle.sendMessage(Broadcast, 'the end');
    expect([await handle.delete('over'), await handle.delete()]).toEqual([true, false]);
    expect([await next.nextText(), await next.closed]).toEqual(['the end', { code: 1000, reason: 'over' }]);
  });
});

@JamsocketService({ path: 'counter', durable: { save: { everyMs: 1_000 } }, shutdown: 'never' })
class CounterRoom {
  @State() private count = 0;

  @OnMessage()
  more() {
    return `count ${++this.count}`;
  }
}

@JamsocketService({ path: 'echo', shutdown: 'never' })
class EchoRoom {
  @OnMessage()
  message(_client: Client, text: string) {
    return text;
  }
}

describe('rooms whose store is away', () => {
  /** Long, since the sockets are real and need real time. */
  let clock: VirtualClock;
  let app: TestApp;

  beforeEach(() => {
    journal.entries.length = 0;
    clock = new VirtualClock();
  });

  afterEach(() => inTime(app.close()));

  const start = async (store: RoomStore) =>
    (app = await startTestApp({ providers: [LedgerRoom, CounterRoom, EchoRoom], options: { store }, clock }));

  /** The work that timers start needs real sockets and real answers of a store. */
  async function advance(ms: number): Promise<void> {
    const until = clock.now() + ms;
    while (clock.runNext(until)) await settled();
    clock.moveTo(until);
    await settled();
  }
  async function settled(): Promise<void> {
    for (let ticks = 0; ticks < 5; ticks++) await new Promise((resolve) => setImmediate(resolve));
  }
  async function inTime<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const finish = () => (isDone = true);
    work.then(finish, finish);
    for (;;) {
      // Wait for a real answer before virtual time reaches its timeout.
      await Promise.race([work.catch(finish), sleep(5)]);
      if (isDone) return work;
      clock.runNext(clock.now() + 60_000);
    }
  }

  const health = async () => (await app.app.get(JamsocketHealth).isHealthy()).jamsocket;
  const enter = (path: string) => TestClient.connect(`${app.ws}/ws/${path}`);

  it.each(['failing', 'hanging'] as const)(
    'and %s hold back what is not saved, send their clients away after a while, and lose nothing',
    async (mood) => {
      const store = new MoodyStore();
      await start(store);
      const [counter, echo] = [await enter('counter/one'), await enter('echo/one')];
      const plain = await enter('ledger/one');
      const client = await ResumingClient.connect(`${app.ws}/ws/ledger/one`);
      client.send('5');
      await client.until('5 by 2 (n2) total 5');
      expect(await health()).toMatchObject({ status: 'up', store: 'up' });

      store.mood = mood;
      client.send('7');
      await advance(9_000);
      // Other rooms go on: their answers would come after the ledger's messages.
      const othersGoOn = async (count: number) => {
        counter.send('more');
        expect(await counter.nextText()).toBe(`count ${count}`);
        echo.send(`still here ${count}`);
        expect(await echo.nextText()).toBe(`still here ${count}`);
      };
      await othersGoOn(1);
      expect([client.connection.isClosed, plain.isClosed]).toEqual([false, false]);
      expect(plain.received).toEqual(['5 by 2 (n2) total 5']);
      const beat = `{"jamsocket":"${client.welcome.jamsocket}","handled":0}`;
      expect(client.connection.unread().filter((frame) => frame !== beat)).toEqual([]);
      expect(await health()).toMatchObject({ status: 'down', store: 'down' });

      await advance(3_000);
      const away = { code: 1013, reason: 'the store does not answer' };
      expect([await client.connection.closed, await plain.closed]).toEqual([away, away]);
      const { status, headers, body } = await TestClient.refused(`${app.ws}/ws/ledger/one`);
      expect([status, headers['retry-after'], body]).toMatchObject([503, '1', { code: 'store_unavailable' }]);
      const early = await TestClient.connect(client.url, {}, resumeProtocols(client));
      const told = await early.closed;
      expect([told.code, JSON.parse(told.reason)]).toEqual([1013, { code: 'store_unavailable', retryAfter: 1 }]);
      const unopened = TestClient.refused(`${app.ws}/ws/ledger/two`);
      const unopenedToo = TestClient.refused(`${app.ws}/ws/counter/two`);
      for (const refusal of [await inTime(unopened), await inTime(unopenedToo)])
        expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      await othersGoOn(2);
      expect((await health()).message).toMatch(mood === 'failing' ? /: the disk is full$/ : /has not answered/);

      store.mood = 'good';
      await advance(15_000);
      expect(await health()).toMatchObject({ status: 'up', store: 'up' });
      expect(await resumeAt(app, client)).toMatchObject({ resumed: true, client: 2, handled: 2 });
      expect(await client.next()).toBe('7 by 2 (n2) total 12');
      client.confirm();
      client.send('1');
      expect(await client.next()).toBe('1 by 2 (n2) total 13');
      // The changes of the room without a gate are saved, too.
      await advance(1_000);
      await inTime(app.close());
      await start(store);
      const again = await enter('counter/one');
      again.send('more');
      expect(await again.nextText()).toBe('count 3');
    },
  );

  const program = findRedis();
  (hasServer(program, 'redis-server') ? it : it.skip)('go on after kill -9 of a real one', async () => {
    const always = ['--appendonly', 'yes', '--appendfsync', 'always'];
    let server = await startRedis(program!, always);
    const redis = new Redis({ port: server.port, host: '127.0.0.1', retryStrategy: () => 20 });
    redis.on('error', () => undefined);
    try {
      await start(new RedisStore({ redis }));
      const client = await ResumingClient.connect(`${app.ws}/ws/ledger/one`);
      client.send('5');
      await client.until('5 by 1 (n1) total 5');
      await server.kill();
      client.send('7');
      while ((await health()).status === 'up') await advance(50).then(() => sleep(5));
      await advance(12_000);
      expect((await client.connection.closed).code).toBe(1013);
      expect((await TestClient.refused(`${app.ws}/ws/ledger/one`)).status).toBe(503);
      server = await startRedis(program!, always, server);
      while ((await health()).status === 'down') await advance(500).then(() => sleep(5));
      expect(await resumeAt(app, client)).toMatchObject({ resumed: true, client: 1, handled: 2 });
      expect(await client.next()).toBe('7 by 1 (n1) total 12');
    } finally {
      await inTime(app.close());
      redis.disconnect();
      await server.stop();
    }
  });
});

function resumeProtocols({ welcome, messages }: ResumingClient): string[] {
  return ['jamsocket.v1', `jamsocket.resume.${welcome.jamsocket}.${messages.length}`];
}

async function resumeAt(app: TestApp, client: ResumingClient) {
  const url = new URL(client.url);
  Object.assign(client, { url: `${app.ws}${url.pathname}` });
  return client.resume();
}

/** Like a database, it outlives the processes that use it. */
class KeptOpen extends MemoryStore {
  /** Number of claims. */
  claimed = 0;
  #hold: { reached(): void; readonly opened: Promise<void> } | null = null;

  override async close(): Promise<void> {}

  /** Claims wait until the gate is open. */
  holdClaims() {
    let open!: () => void;
    let reached!: () => void;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.#hold = { reached, opened };
    return { isReached, open };
  }

  override async claim(...claim: Parameters<MemoryStore['claim']>) {
    this.claimed++;
    this.#hold?.reached();
    await this.#hold?.opened;
    return super.claim(...claim);
  }
}
