import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  MemoryStore,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  State,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { RedisCluster, RedisStore } from 'nestjs-jamsocket/redis';
import { Redis } from 'ioredis';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { findRedis, hasServer, startRedis } from './support/servers.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
const program = findRedis();
const itWithRedis = hasServer(program, 'redis-server') ? it : it.skip;

@Injectable()
class Ledger {
  @State() private total = 0;
  @State() private readonly names = new Map<number, string>();

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    journal.add(`create ${this.ctx.restored?.reason ?? 'new'}`);
  }

  @OnConnect()
  connect(client: Client) {
    const name = client.request.query.get('name')!;
    this.names.set(client.id, name);
    client.data = { name };
    client.tag('known');
    journal.add(`connect ${name}`);
    this.ctx.sendMessage(client, `welcome ${client.id}`);
  }

  @OnMessage()
  add(client: Client, text: string) {
    if (text === 'timer') return this.ctx.setTimer(1_500, 'later');
    this.total += Number(text);
    const who = [this.names.get(client.id), (client.data as { name: string }).name, [...client.tags].join()].join('/');
    this.ctx.sendMessage(Broadcast, `${who} added ${text}: ${this.total}`);
  }

  @OnTimer('later')
  later() {
    this.ctx.sendMessage(Broadcast, `later: ${this.total}`);
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`disconnect ${this.names.get(client.id)}`);
    this.ctx.sendMessage(Broadcast, `${this.names.get(client.id)} has left`);
  }

  @OnDestroy()
  destroy() {
    journal.add('destroy');
  }
}

@JamsocketService({ path: 'safe', durable: { save: 'turn' } })
class SafeRoom extends Ledger {}

@JamsocketService({ path: 'fleeting', durable: false })
class FleetingRoom extends Ledger {}

const left: number[] = [];

@Injectable()
class Passing {
  constructor(protected readonly ctx: JamsocketContext) {}

  @OnMessage()
  pass(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnDisconnect()
  disconnect({ id }: Client) {
    left.push(id);
  }
}

@JamsocketService({ path: 'plain' })
class PlainRoom extends Passing {}

@JamsocketService({ path: 'unclonable', durable: false })
class UnclonableRoom extends Passing {
  @State() readonly callback = () => undefined;
}

/** Three processes. The first client of a room decides where it is. */
class Trio {
  private constructor(
    readonly apps: readonly TestApp[],
    private readonly open: Set<TestApp>,
  ) {}

  /** @param optionsOf the options of each process */
  static async start(optionsOf: (name: string) => JamsocketOptions): Promise<Trio> {
    const apps: TestApp[] = [];
    for (const name of ['one', 'two', 'three'])
      apps.push(await startTestApp({ options: optionsOf(name), providers: [SafeRoom, FleetingRoom] }));
    return new Trio(apps, new Set(apps));
  }

  static startInProcess(): Promise<Trio> {
    const hub = new InProcessHub(new SystemClock());
    const store = new MemoryStore();
    return Trio.start((name) => ({ cluster: hub.node(name), store: new ProcessStore(store) }));
  }

  url(at: number, path: string, name: string): string {
    return `${this.apps[at].ws}/ws/${path}?name=${name}`;
  }

  ownersOf(path: string): number[] {
    return [...this.open].flatMap((app) =>
      app.app
        .get(JamsocketRooms)
        .localRooms()
        .some(({ service }) => service === path.split('/')[0])
        ? [this.apps.indexOf(app)]
        : [],
    );
  }

  async close(at: number): Promise<void> {
    this.open.delete(this.apps[at]);
    await this.apps[at].close();
  }

  async end(): Promise<void> {
    for (const app of this.open) await this.close(this.apps.indexOf(app));
  }
}

describe.each(['safe', 'fleeting'])('a room with @State() fields (%s) whose node shuts down', (service) => {
  let trio: Trio;
  afterEach(async () => {
    await trio.end();
    journal.clear();
  });

  it('goes on at another node, and clients of other nodes notice nothing', async () => {
    trio = await Trio.startInProcess();
    await goesOn();
  });

  itWithRedis('does so with a real Redis', async () => {
    const server = await startRedis(program!, []);
    const redis = new Redis({ port: server.port, host: '127.0.0.1' });
    trio = await Trio.start(() => ({ cluster: new RedisCluster({ redis }), store: new RedisStore({ redis }) }));
    await goesOn();
    await trio.end();
    redis.disconnect();
    await server.stop();
  });

  async function goesOn(): Promise<void> {
    const path = `${service}/lobby`;
    const ann = await ResumingClient.connect(trio.url(0, path, 'ann'));
    await ann.until('welcome 1');
    const bob = await ResumingClient.connect(trio.url(1, path, 'bob'));
    await bob.until('welcome 2');
    const cyd = await TestClient.connect(trio.url(1, path, 'cyd'));
    await cyd.until('welcome 3');
    const dan = await TestClient.connect(trio.url(2, path, 'dan'));
    await dan.until('welcome 4');
    const eve = await ResumingClient.connect(trio.url(2, path, 'eve'));
    await eve.until('welcome 5');
    ann.send('1');
    for (const client of [ann, bob, cyd, dan, eve]) await client.until('ann/ann/known added 1: 1');
    dan.send('timer');

    const closing = trio.close(0);
    // What they say meanwhile waits.
    const texts: string[] = [];
    for (let n = 0; n < 40; n++) {
      for (const client of [bob, cyd, dan, eve]) client.send('1');
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect((await ann.connection.closed).code).toBe(1012);
    for (const client of [bob, cyd, dan, eve])
      for (let n = 0; n < 160;) {
        const text = 'messages' in client ? await client.next() : await client.nextText();
        if (text.startsWith('later')) continue;
        expect(text).toMatch(new RegExp(`^(bob/bob|cyd/cyd|dan/dan|eve/eve)/known added 1: ${++n + 1}$`));
        if (client === bob) texts.push(text);
      }
    await closing;
    for (const name of ['bob', 'cyd', 'dan', 'eve'])
      expect(texts.filter((text) => text.startsWith(name))).toHaveLength(40);
    expect(trio.ownersOf(path)).toHaveLength(1);
    expect([bob.connection.isClosed, cyd.isClosed, dan.isClosed, eve.connection.isClosed]).toEqual(
      Array.from({ length: 4 }, () => false),
    );
    expect(journal.entries).toEqual([
      'create new',
      ...['ann', 'bob', 'cyd', 'dan', 'eve'].map((name) => `connect ${name}`),
      'destroy',
      'create moved',
    ]);

    // The client whose socket was at the first node has its place.
    const resumed = new URL(ann.url);
    resumed.host = new URL(trio.apps[1].http).host;
    Object.assign(ann, { url: resumed.href });
    expect(await ann.resume()).toMatchObject({ resumed: true, client: 1 });
    ann.confirm();
    while (!(await ann.next()).endsWith(': 161'));
    ann.send('39');
    for (const client of [ann, bob, cyd, dan, eve]) await client.until('ann/ann/known added 39: 200');
    expect(ann.messages.filter((text) => text.includes('added'))).toHaveLength(162);
    await cyd.close();
    await bob.until('cyd has left');
    await bob.cut();
    expect(await bob.resume()).toMatchObject({ resumed: true, client: 2 });
    bob.confirm();
    eve.send('1');
    await bob.until('eve/eve/known added 1: 201');
    expect(journal.entries.filter((entry) => entry.startsWith('disconnect'))).toEqual(['disconnect cyd']);
    await Promise.all([ann.connection, bob.connection, dan, eve.connection].map((each) => each.close()));
  }
});

describe('a room that cannot go along', () => {
  it.each([
    ['its class does not say what to take along', 'plain'],
    ['what it would take along cannot be cloned', 'unclonable'],
  ])('ends as it does without a cluster: %s', async (_why, service) => {
    const hub = new InProcessHub(new SystemClock());
    const [one, two] = [
      await startTestApp({ options: { cluster: hub.node('one') }, providers: [PlainRoom, UnclonableRoom] }),
      await startTestApp({ options: { cluster: hub.node('two') }, providers: [PlainRoom, UnclonableRoom] }),
    ];
    const ann = await TestClient.connect(`${one.ws}/ws/${service}/lobby`);
    const bob = await TestClient.connect(`${two.ws}/ws/${service}/lobby`);
    bob.send('hello');
    await ann.until('hello');
    await one.close();
    expect([(await ann.closed).code, (await bob.closed).code]).toEqual([1012, 1012]);
    expect(new Set(left.splice(0))).toEqual(new Set([1, 2]));
    await two.close();
  });
});
