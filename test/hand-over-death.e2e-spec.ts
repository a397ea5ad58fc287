import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketRooms, JamsocketService, MemoryStore } from 'nestjs-jamsocket';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { ArrivingRooms } from '../libs/jamsocket/src/node/moving/arriving-rooms.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { Ledger } from './support/ledger.room.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

@JamsocketService({ path: 'safe', durable: { save: 'turn' } })
class SafeRoom extends Ledger {}

@JamsocketService({ path: 'fleeting', durable: false })
class FleetingRoom extends Ledger {}

/** When the successor dies. */
type Step = 'offered' | 'granted' | 'follow';

describe('a node that dies while it takes a room over', () => {
  let hub: InProcessHub;
  let owner: TestApp;
  let successor: TestApp;
  let other: TestApp;
  /** At the node that survives. */
  let bob: ResumingClient;
  let cyd: TestClient;

  beforeEach(async () => {
    hub = new InProcessHub(new SystemClock());
    const store = new MemoryStore();
    const start = (name: string) =>
      startTestApp({
        // Time enough to wait for a node that does not answer, on a busy machine too.
        options: { cluster: hub.node(name), store: new ProcessStore(store), shutdownGraceMs: 30_000 },
        providers: [SafeRoom, FleetingRoom],
      });
    [owner, successor, other] = [await start('owner'), await start('successor'), await start('other')];
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all([successor.close(), other.close()]);
  });

  async function join(path: string): Promise<void> {
    const ann = await TestClient.connect(`${owner.ws}/ws/${path}`);
    bob = await ResumingClient.connect(`${other.ws}/ws/${path}`);
    cyd = await TestClient.connect(`${other.ws}/ws/${path}`);
    // Most of its clients are at the successor, so it is asked first.
    for (let n = 0; n < 3; n++) await TestClient.connect(`${successor.ws}/ws/${path}`);
    bob.send('1');
    for (const client of [ann, bob, cyd]) await client.until('total 1');
  }

  /** The first node takes the step and dies before it says so. */
  function diesWhen(step: Step): void {
    const original = ArrivingRooms.prototype[step] as (...args: never[]) => unknown;
    jest.spyOn(ArrivingRooms.prototype, step).mockImplementationOnce(function (this: ArrivingRooms, ...args: never[]) {
      hub.node('successor').kill();
      return original.apply(this, args);
    } as never);
  }

  /** Resolves when the room is on the node that is left. */
  async function resume(): Promise<void> {
    while ((await bob.resume().catch(() => undefined)) === undefined);
    bob.confirm();
  }

  const ownsTheRoom = () => other.app.get(JamsocketRooms).localRooms().length;

  it.each(['safe/room', 'fleeting/room'])(
    'before it is the owner: the next node takes %s, and nobody notices',
    async (path) => {
      await join(path);
      diesWhen('offered');
      const closing = owner.close();
      bob.send('10');
      await closing;
      await Promise.all([bob.until('total 11'), cyd.until('total 11')]);
      cyd.send('100');
      await Promise.all([bob.until('total 111'), cyd.until('total 111')]);
      expect(ownsTheRoom()).toBe(1);
    },
  );

  it.each<Step>(['granted', 'follow'])(
    'as the owner (%s): clients of a durable room resume, and nothing is lost',
    async (step) => {
      await join('safe/room');
      diesWhen(step);
      const closing = owner.close();
      bob.send('10');
      expect([(await bob.connection.closed).code, (await cyd.closed).code]).toEqual([1012, 1012]);
      await closing;
      await resume();
      expect(bob.welcome).toMatchObject({ resumed: true, client: 2 });
      // A client sends again what has not arrived.
      if (bob.welcome.received < 2) bob.send('10');
      await bob.until('total 11');
      bob.send('100');
      await bob.until('total 111');
      expect(ownsTheRoom()).toBe(1);
    },
  );

  it.each<Step>(['granted', 'follow'])(
    'as the owner (%s): clients of a room that is saved nowhere begin anew',
    async (step) => {
      await join('fleeting/room');
      diesWhen(step);
      const closing = owner.close();
      expect([(await bob.connection.closed).code, (await cyd.closed).code]).toEqual([1012, 1012]);
      await closing;
      await resume();
      expect(bob.welcome).toMatchObject({ resumed: false, client: 1 });
      bob.send('5');
      await bob.until('total 5');
      expect(ownsTheRoom()).toBe(1);
    },
  );
});
