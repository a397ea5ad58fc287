import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketHealth,
  JamsocketRooms,
  JamsocketService,
  MemoryStore,
  OnMessage,
  OnTimer,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom {
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnTimer('later')
  later() {
    journal.add(`timer of ${this.ctx.roomId}`);
  }

  @OnMessage()
  add(client: Client, amount: string) {
    if (amount === 'timer') return this.ctx.setTimer(6_000, 'later');
    this.total += Number(amount);
    journal.add(`${client.id} added ${amount}`);
    this.ctx.sendMessage(Broadcast, `total ${this.total}`);
  }
}

@JamsocketService('stopped')
class StoppedRoom {
  static stop: () => void;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
    StoppedRoom.stop();
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
      startTestApp({ options: { cluster, store: new ProcessStore(store) }, providers: [LedgerRoom, StoppedRoom] });
    first.graceMs = 8_000;
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
    // From both: to `second` alone, `first` would soon look like a node that is lost.
    first.directoryAnswers = second.directoryAnswers = 'later';
    const node = one.app.get(ClusterNode);
    const health = async () => (await one.app.get(JamsocketHealth).isHealthy()).jamsocket;
    expect(await health()).toMatchObject({ status: 'up', cluster: 'up' });
    while (node.permit.mayRun() || (await health()).status === 'up')
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await health()).toMatchObject({ status: 'down', cluster: 'down' });
    ann.send('2');
    bob.send('3');
    // They have arrived, and wait.
    const [room] = one.app.get(JamsocketRooms).localRooms();
    while (localRoom(room.room).waitingEvents < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(journal.entries).not.toContain('1 added 2');
    second.directoryAnswers = 'yes';
    first.directoryAnswers = 'yes';
    await Promise.all([ann.until('total 6'), bob.until('total 6')]);
    expect(await health()).toMatchObject({ status: 'up', cluster: 'up' });
    await Promise.all([ann.connection.close(), bob.connection.close()]);
  });

  it('sends nothing that its rooms have said just before they had to pause, until they may go on', async () => {
    await one.app.get(JamsocketRooms).create(StoppedRoom, 'here');
    const ann = await TestClient.connect(`${two.ws}/ws/stopped/here`);
    const { permit, lease, links } = one.app.get(ClusterNode);
    // As if the process were stopped between the handler and the end of the tick.
    const stopped = new Promise<void>((resolve) => {
      StoppedRoom.stop = () => {
        permit.follow({ mayRun: () => false });
        resolve();
      };
    });
    ann.send('said');
    await stopped;
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(links!.all.map(({ waitingBytes }) => waitingBytes > 0)).toEqual([true]);
    permit.follow(lease!);
    permit.resume();
    await ann.until('said');
    await ann.close();
  });

  it('is replaced when it is lost: clients resume on another one, and it runs nothing any more', async () => {
    const ann = await ResumingClient.connect(`${one.ws}/ws/ledger/lost`);
    const bob = await ResumingClient.connect(`${two.ws}/ws/ledger/lost`);
    ann.send('10');
    await bob.until('total 10');
    // Its timer is due when another node has to wake it.
    const timed = await TestClient.connect(`${one.ws}/ws/ledger/timed`);
    timed.send('timer');
    timed.send('1');
    await timed.until('total 1');
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
    await journal.has('timer of timed');
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
    expect(journal.entries.filter((entry) => entry.startsWith('timer'))).toEqual(['timer of timed']);
    await Promise.all([ann.connection.close(), bob.connection.close()]);
  });
});
