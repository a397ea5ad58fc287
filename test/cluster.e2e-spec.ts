import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketCluster,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  MemoryStore,
  OnMessage,
  State,
  tagged,
  type Client,
} from 'nestjs-jamsocket';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

@JamsocketService()
class SpreadRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.tag(client.id % 2 === 0 ? 'even' : 'odd');
    client.sendMessage(`welcome ${client.id}`);
    this.ctx.sendMessage(everyoneExcept(client), `${client.id} has come`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, `${client.id}: ${text}`);
    this.ctx.sendMessage(tagged('odd'), 'odd ones');
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`gone ${client.id} ${client.closed?.code}`);
    this.ctx.sendMessage(Broadcast, `${client.id} has left`);
  }
}

describe('a room on one node', () => {
  let one: TestApp;
  let two: TestApp;

  beforeAll(async () => {
    const hub = new InProcessHub(new SystemClock());
    const boot = (name: string) => startTestApp({ options: { cluster: hub.node(name) }, providers: [SpreadRoom] });
    one = await boot('one');
    two = await boot('two');
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  it('has clients on every node', async () => {
    const ann = await TestClient.connect(`${one.ws}/ws/shared`);
    expect(await ann.nextText()).toBe('welcome 1');
    const bob = await TestClient.connect(`${two.ws}/ws/shared`);
    expect(await bob.nextText()).toBe('welcome 2');
    expect(await ann.nextText()).toBe('2 has come');
    bob.send('hello');
    expect(await ann.nextText()).toBe('2: hello');
    expect(await ann.nextText()).toBe('odd ones');
    expect(await bob.nextText()).toBe('2: hello');
    ann.send('hi');
    expect(await bob.nextText()).toBe('1: hi');
    await bob.close();
    await ann.until('2 has left');
    await journal.has('gone 2 1000');
    await ann.close();
  });

  it('is found by its owner from every node, which know each other', async () => {
    const client = await TestClient.connect(`${one.ws}/ws/found`);
    const [here, there] = [one, two].map(({ app }) => app.get(JamsocketCluster));
    expect([here.isOn, await here.ownerOf(SpreadRoom, 'found')]).toEqual([true, here.self]);
    expect(await there.ownerOf(SpreadRoom, 'found')).toEqual({ ...here.self, isThis: false });
    expect(await there.ownerOf(SpreadRoom, 'nowhere')).toBeUndefined();
    const incarnations = (await there.nodes()).map(({ incarnation }) => incarnation);
    expect(incarnations.sort()).toEqual([here.self.incarnation, there.self.incarnation].sort());
    await expect(there.ownerOf(Object, 'found')).rejects.toThrow('Object is not a room service');
    await client.close();
  });
});

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom {
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  add(client: Client, amount: string) {
    this.total += Number(amount);
    journal.add(`${client.id} added ${amount}`);
    this.ctx.sendMessage(Broadcast, `total ${this.total}`);
  }
}

describe('a node in trouble', () => {
  const hub = new InProcessHub(new SystemClock());
  const [first, second] = [hub.node('first'), hub.node('second')];
  const store = new MemoryStore();
  let one: TestApp;
  let two: TestApp;

  beforeAll(async () => {
    const boot = (cluster: typeof first) =>
      startTestApp({ options: { cluster, store: new ProcessStore(store) }, providers: [LedgerRoom] });
    first.graceMs = 5_000;
    one = await boot(first);
    two = await boot(second);
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  it('pauses its rooms while the directory does not answer, and nothing is lost', async () => {
    const ann = await ResumingClient.connect(`${one.ws}/ws/ledger/paused`);
    const bob = await ResumingClient.connect(`${two.ws}/ws/ledger/paused`);
    ann.send('1');
    await bob.until('total 1');
    first.directoryAnswers = 'later';
    const node = one.app.get(ClusterNode);
    while (node.permit.mayRun()) await new Promise((resolve) => setTimeout(resolve, 20));
    ann.send('2');
    bob.send('3');
    // They have arrived, and wait.
    const [room] = one.app.get(JamsocketRooms).localRooms();
    while (localRoom(room.room).waitingEvents < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(journal.entries).not.toContain('1 added 2');
    first.directoryAnswers = 'yes';
    await Promise.all([ann.until('total 6'), bob.until('total 6')]);
    await Promise.all([ann.connection.close(), bob.connection.close()]);
  });

  it('is replaced when it is lost: clients resume on another one, and it runs nothing any more', async () => {
    const ann = await ResumingClient.connect(`${one.ws}/ws/ledger/lost`);
    const bob = await ResumingClient.connect(`${two.ws}/ws/ledger/lost`);
    ann.send('10');
    await bob.until('total 10');
    first.kill();
    expect((await bob.connection.closed).code).toBe(1012);
    await bob.resume();
    expect(bob.welcome).toMatchObject({ resumed: true, client: 2 });
    bob.confirm();
    // The other one still has a client, and an instance of the room.
    ann.send('100');
    bob.send('20');
    await bob.until('total 30');
    expect((await ann.connection.closed).code).toBe(1013);
    expect(journal.entries).not.toContain('1 added 100');
    first.directoryAnswers = 'yes';
    first.isDeaf = false;
    first.isMute = false;
    for (;;) {
      const { welcome } = await ann.resume().then(
        () => ann,
        () => ({ welcome: undefined }),
      );
      if (welcome !== undefined) break;
    }
    expect(ann.welcome).toMatchObject({ resumed: true, client: 1 });
    ann.confirm();
    ann.send('100');
    await bob.until('total 130');
    await Promise.all([ann.connection.close(), bob.connection.close()]);
  });
});
