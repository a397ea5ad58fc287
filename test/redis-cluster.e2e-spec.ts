import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { RedisCluster, RedisStore } from 'nestjs-jamsocket/redis';
import { startRedisWithClients, type RedisWithClients } from './support/redis-clients.js';
import { ResumingClient } from './support/resuming-client.js';
import { findRedis, hasServer } from './support/servers.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom {
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`total ${this.total}`);
  }

  @OnMessage()
  add(client: Client, amount: string) {
    this.total += Number(amount);
    this.ctx.sendMessage(Broadcast, `${client.id} made it ${this.total}`);
  }
}

describeRedis('two applications with one Redis', () => {
  let clients: RedisWithClients;
  const apps: TestApp[] = [];

  beforeAll(async () => {
    clients = await startRedisWithClients(program!);
    for (const redis of [clients.ioredis, clients.nodeRedis]) {
      const options = { cluster: new RedisCluster({ redis }), store: new RedisStore({ redis }) };
      apps.push(await startTestApp({ options, providers: [LedgerRoom] }));
    }
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
    await clients.close();
  });

  it('have a room in common, whichever client library each of them uses', async () => {
    const ann = await TestClient.connect(`${apps[0].ws}/ws/ledger/shared`);
    expect(await ann.nextText()).toBe('total 0');
    const bob = await ResumingClient.connect(`${apps[1].ws}/ws/ledger/shared`);
    expect(await bob.next()).toBe('total 0');
    bob.send('5');
    expect(await ann.nextText()).toBe('2 made it 5');
    ann.send('3');
    await bob.until('1 made it 8');
    expect(apps.map(({ app }) => app.get(JamsocketRooms).localRooms().length)).toEqual([1, 0]);
    await Promise.all([ann.close(), bob.connection.close()]);
  });

  it('go on with a saved room on the other one when its node shuts down, and the clients there notice nothing', async () => {
    const [first, second] = apps;
    const cat = await ResumingClient.connect(`${first.ws}/ws/ledger/moving`);
    const dan = await ResumingClient.connect(`${second.ws}/ws/ledger/moving`);
    cat.send('5');
    await dan.until('1 made it 5');
    await first.close();
    expect((await cat.connection.closed).code).toBe(1012);
    dan.send('2');
    await dan.until('2 made it 7');
    expect(dan.connection.isClosed).toBe(false);
    Object.assign(cat, { url: `${second.ws}/ws/ledger/moving` });
    expect((await cat.resume()).resumed).toBe(true);
    cat.confirm();
    await cat.until('2 made it 7');
    await Promise.all([cat.connection.close(), dan.connection.close()]);
  });
});
