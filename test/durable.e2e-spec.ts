import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
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
  type RoomStore,
} from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

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
  async message(client: Client, text: string) {
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
  disconnect(client: Client) {
    journal.add(`disconnect ${client.id} ${client.data?.name} ${[...client.tags].join()}`);
  }

  sum() {
    return this.total;
  }
}

describe('a durable room', () => {
  let store: RoomStore;
  let apps: TestApp[] = [];

  beforeEach(() => {
    journal.entries.length = 0;
    store = new KeptOpen();
  });

  afterEach(async () => {
    for (const app of apps) await app.close();
    apps = [];
  });

  async function start(): Promise<TestApp> {
    const app = await startTestApp({ providers: [LedgerRoom], options: { store } });
    apps.push(app);
    return app;
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

  it('survives an orderly restart without a word to those who are in it', async () => {
    const first = await start();
    const client = await ResumingClient.connect(`${first.ws}/ws/ledger/one`);
    client.send('5');
    await client.next();
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

  it('lets those back in who were in it when it was full, and nobody else', async () => {
    const first = await start();
    const clients = [];
    for (let count = 0; count < 2; count++) clients.push(await ResumingClient.connect(`${first.ws}/ws/ledger/full`));
    await first.close();
    const second = await start();
    await expect(resumeAt(second, clients[0])).resolves.toMatchObject({ resumed: true, client: 1 });
    await expect(TestClient.connect(`${second.ws}/ws/ledger/full`)).rejects.toThrow('503');
    await expect(resumeAt(second, clients[1])).resolves.toMatchObject({ resumed: true, client: 2 });
  });

  it('has its timers wake it though nobody connects', async () => {
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

async function resumeAt(app: TestApp, client: ResumingClient) {
  const url = new URL(client.url);
  Object.assign(client, { url: `${app.ws}${url.pathname}` });
  return client.resume();
}

/** As a database is: it does not end with one of the processes that use it. */
class KeptOpen extends MemoryStore {
  override async close(): Promise<void> {}
}
