import { ConflictException, HttpException, Logger, UseGuards, type ExecutionContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketCluster,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  tagged,
  type Client,
} from 'nestjs-jamsocket';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

@JamsocketService()
class SpreadRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly rooms: JamsocketRooms,
  ) {}

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

  greet(names: ReadonlySet<string>) {
    return new Map([...names].map((name) => [name, `hello ${name} from ${this.ctx.roomId}`]));
  }

  fail(how: 'refused' | 'own') {
    if (how === 'refused') throw new ConflictException({ statusCode: 409, reason: 'taken' });
    throw Object.assign(new RangeError('too far'), { code: 'E_FAR', distance: 7 });
  }

  giveFunction() {
    return () => undefined;
  }

  /** Calls the rooms with these ids, one through the other. */
  async callAlong([next, ...rest]: string[]): Promise<string> {
    return next === undefined ? 'done' : this.rooms.invoke(SpreadRoom, next, 'callAlong', rest);
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

describe('the rooms of a cluster', () => {
  const hub = new InProcessHub(new SystemClock());
  const silent = hub.node('silent');
  const apps: TestApp[] = [];
  let here: JamsocketRooms;
  let there: JamsocketRooms;

  beforeAll(async () => {
    for (const cluster of [hub.node('here'), hub.node('there'), silent])
      apps.push(await startTestApp({ options: { cluster }, providers: [SpreadRoom] }));
    [here, there] = apps.map(({ app }) => app.get(JamsocketRooms));
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
  });

  it('are created once, found, listed and closed from every node', async () => {
    expect(await there.create(SpreadRoom, 'made')).toMatchObject({ id: 'made', size: 0 });
    await expect(here.create(SpreadRoom, 'made')).rejects.toMatchObject({ code: 'room_exists', status: 409 });
    const client = await TestClient.connect(`${apps[0].ws}/ws/made`);
    await client.until('welcome 1');
    expect(await here.find(SpreadRoom, 'made')).toMatchObject({ id: 'made', size: 1 });
    expect(await here.find(SpreadRoom, 'other')).toBeUndefined();
    await here.create(SpreadRoom, 'own');
    for (const rooms of [here, there]) {
      const list = await rooms.list(SpreadRoom);
      expect(list.map(({ id }) => id).sort()).toEqual(['made', 'own']);
      expect(list.missing).toEqual([]);
    }
    const [handle] = (await here.list()).filter(({ id }) => id === 'made');
    await handle.sendMessage(1, 'to one');
    await handle.sendMessage(everyoneExcept(1), 'to nobody');
    await handle.sendBinary([1], Buffer.from('bytes'));
    expect(await client.nextText()).toBe('to one');
    expect(await client.next()).toEqual(Buffer.from('bytes'));
    for (const nobody of ['someone', ['someone'], [1, undefined]])
      await expect(handle.sendMessage(nobody as never, 'text')).rejects.toMatchObject({ code: 'bad_recipient' });
    expect(await here.close(SpreadRoom, 'made', 'enough')).toBe(true);
    expect(await client.closed).toEqual({ code: 1000, reason: 'enough' });
    expect(await here.close(SpreadRoom, 'made')).toBe(false);
    await expect(here.invoke(SpreadRoom, 'made', 'callAlong', [])).rejects.toMatchObject({ code: 'room_not_found' });
    await there.delete(SpreadRoom, 'own');
    expect(await here.list()).toEqual([]);
  });

  it('are called from every node: values and errors are as they were', async () => {
    await there.create(SpreadRoom, 'called');
    const greeted = await here.invoke(SpreadRoom, 'called', 'greet', new Set(['ann', 'bob']));
    expect(greeted).toEqual(
      new Map([
        ['ann', 'hello ann from called'],
        ['bob', 'hello bob from called'],
      ]),
    );
    const refused = await here.invoke(SpreadRoom, 'called', 'fail', 'refused').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HttpException);
    expect((refused as HttpException).getStatus()).toBe(409);
    expect((refused as HttpException).getResponse()).toEqual({ statusCode: 409, reason: 'taken' });
    const own = here.invoke(SpreadRoom, 'called', 'fail', 'own');
    await expect(own).rejects.toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR', distance: 7 });
    await expect(here.invoke(SpreadRoom, 'called', 'greet', { list: [() => 1] } as never)).rejects.toMatchObject({
      code: 'bad_arguments',
      message: expect.stringContaining('args[0].list[0] is a function'),
    });
    await expect(here.invoke(SpreadRoom, 'called', 'giveFunction')).rejects.toMatchObject({ code: 'bad_result' });
    await there.close(SpreadRoom, 'called');
  });

  it('cannot call themselves, through other nodes either', async () => {
    await here.create(SpreadRoom, 'a');
    await there.create(SpreadRoom, 'b');
    await here.create(SpreadRoom, 'c');
    expect(await there.invoke(SpreadRoom, 'a', 'callAlong', ['b', 'c'])).toBe('done');
    for (const path of [
      ['b', 'a'],
      ['b', 'c', 'b'],
    ])
      await expect(there.invoke(SpreadRoom, 'a', 'callAlong', path)).rejects.toMatchObject({
        code: 'room_invokes_itself',
      });
    for (const id of ['a', 'b', 'c']) await here.close(SpreadRoom, id);
  });

  it('are listed without those of a node that does not answer, which is named', async () => {
    await there.create(SpreadRoom, 'listed');
    silent.isMute = true;
    const list = await here.list();
    expect(list.map(({ id }) => id)).toEqual(['listed']);
    expect(list.missing).toEqual([expect.stringMatching(/:\d+$/)]);
    silent.isMute = false;
    await here.close(SpreadRoom, 'listed');
  });
});

describe('a cluster that spreads its load', () => {
  it('makes a new room on the node with the fewest, wherever the client is', async () => {
    const hub = new InProcessHub(new SystemClock());
    const boot = (name: string) =>
      startTestApp({ options: { cluster: hub.node(name), placement: 'leastLoaded' }, providers: [SpreadRoom] });
    const [one, two] = [await boot('one'), await boot('two')];
    const first = await TestClient.connect(`${one.ws}/ws/first`);
    const roomsOf = async () => (await one.app.get(ClusterNode).nodes()).map(({ info }) => info).join();
    // Nodes tell their numbers with their renewals.
    while (!(await roomsOf()).includes('"rooms":1')) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await TestClient.connect(`${one.ws}/ws/second`);
    expect(await second.nextText()).toBe('welcome 1');
    const idsOf = ({ app }: TestApp) =>
      app
        .get(JamsocketRooms)
        .localRooms()
        .map(({ roomId }) => roomId);
    expect([idsOf(one), idsOf(two)]).toEqual([['first'], ['second']]);
    await Promise.all([first.close(), second.close()]);
    await one.close();
    await two.close();
  });
});

describe('a client whose data cannot be cloned', () => {
  it('is refused, and the log names the path', async () => {
    const hub = new InProcessHub(new SystemClock());
    @UseGuards({
      canActivate: (context: ExecutionContext) => {
        context.switchToWs().getClient<Client>().data = { user: { name: 'ann', socket: { write: () => undefined } } };
        return true;
      },
    })
    @JamsocketService()
    class GuardedRoom {}

    const [one, two] = [
      await startTestApp({ options: { cluster: hub.node('one') }, providers: [GuardedRoom] }),
      await startTestApp({ options: { cluster: hub.node('two') }, providers: [GuardedRoom] }),
    ];
    const first = await TestClient.connect(`${one.ws}/ws/room`);
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    expect(await TestClient.refused(`${two.ws}/ws/room`)).toMatchObject({ status: 500 });
    expect(logged.mock.calls.flat().join()).toContain('client.data.user.socket.write is a function');
    logged.mockRestore();
    await first.close();
    await one.close();
    await two.close();
  });
});
