import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { RoomStorage } from '../src/room-storage.js';
import { newDataFolder, startDemo } from './support/demo-app.js';
import { ResumingClient } from './support/resuming-client.js';
import { TestClient } from './support/test-client.js';

type Demo = Awaited<ReturnType<typeof startDemo>>;

describe('the demo, with its rooms on disk', () => {
  let dataFolder: string;
  let running: Demo[];
  beforeEach(async () => {
    dataFolder = await newDataFolder();
    running = [];
  });
  afterEach(async () => {
    for (const demo of running) await demo.close();
    await rm(dataFolder, { recursive: true });
  });

  async function start(port?: number): Promise<Demo> {
    const demo = await startDemo({ dataFolder, port });
    running.push(demo);
    return demo;
  }

  it('has its ledger and its counter after a restart, and who was in them', async () => {
    const first = await start();
    const ann = await ResumingClient.connect(`${first.ws}/ws/ledger/one`);
    const bob = await ResumingClient.connect(`${first.ws}/ws/counter/one`);
    ann.send('add tea 3');
    bob.send('increment');
    expect(await ann.next()).toBe('added tea 3 by 1 #1 total 3');
    await bob.until('new value: 1');
    await running.pop()!.close();

    await start(first.port);
    for (const client of [ann, bob]) {
      expect(await client.resume()).toMatchObject({ resumed: true, client: 1 });
      client.confirm();
    }
    ann.send('add cake 4');
    bob.send('increment');
    expect(await ann.next()).toBe('added cake 4 by 1 #2 total 7');
    expect(await bob.next()).toBe('new value: 2');
  });

  it('closes the client of its database last, after the rooms are saved and the store is closed', async () => {
    const demo = await start();
    const storage = demo.app.get(RoomStorage, { strict: false });
    const { store } = storage;
    const order: string[] = [];
    const note = (what: string, run: () => Promise<unknown>) => async () => {
      await run();
      order.push(what);
    };
    const commit = store.commit.bind(store);
    store.commit = async (writes) => {
      const outcomes = await commit(writes);
      order.push('commit');
      return outcomes;
    };
    Object.assign(store, { close: note('store', store.close.bind(store)) });
    Object.assign(storage, { onApplicationShutdown: note('client', storage.onApplicationShutdown.bind(storage)) });
    const client = await ResumingClient.connect(`${demo.ws}/ws/ledger/one`);
    client.send('add tea 3');
    await client.next();
    await running.pop()!.close();
    expect(order.slice(-3)).toEqual(['commit', 'store', 'client']);
  });

  it('lets another process have a room that it connects to, and sends its own clients there', async () => {
    const [first, second] = [await start(), await start()];
    const ann = await TestClient.connect(`${first.ws}/ws/ledger/one`);
    ann.send('add tea 3');
    expect(await ann.nextText()).toBe('added tea 3 by 1 #1 total 3');
    const bob = await TestClient.connect(`${second.ws}/ws/ledger/one`);
    ann.send('add lost 100');
    expect((await ann.closed).code).toBe(1012);
    bob.send('add cake 4');
    expect(await bob.nextText()).toBe('added cake 4 by 2 #2 total 7');
  });
});
