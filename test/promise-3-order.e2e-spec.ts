import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  tagged,
  type Client,
} from 'nestjs-jamsocket';
import { setImmediate as tick } from 'node:timers/promises';
import { Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe.each(HOSTS)('events and messages keep their order, on $platform beside $beside', (host) => {
  const journal = new Journal();
  let started: TestApp;

  @JamsocketService()
  class OrderRoom {
    constructor(private readonly ctx: JamsocketContext) {}

    @OnCreate()
    async create() {
      await tick();
      journal.add('create');
    }

    @OnConnect()
    async connect(client: Client) {
      await tick();
      journal.add(`connect ${client.id}`);
      client.tag(client.id % 2 === 0 ? 'even' : 'odd');
      client.sendMessage(`you are ${client.id}`);
    }

    @OnMessage()
    async message(client: Client, text: string) {
      await tick();
      journal.add(`${client.id}: ${text}`);
      if (text === 'mix') this.mix();
    }

    @OnDisconnect()
    disconnect(client: Client) {
      journal.add(`disconnect ${client.id}`);
    }

    /** Sends to every kind of recipient in one turn, and more bytes than one flush takes. */
    private mix() {
      const [one, two, three] = [...this.ctx.clients.values()];
      for (let n = 0; n < 300; n++) {
        this.ctx.sendMessage(Broadcast, `${n} all`);
        this.ctx.sendMessage(two, `${n} two`);
        this.ctx.sendMessage(everyoneExcept(one), `${n} not one`);
        this.ctx.sendMessage([one.id, three, three.id], `${n} one and three`);
        this.ctx.sendMessage(tagged('odd'), `${n} odd`);
        this.ctx.sendBinary(Broadcast, Buffer.from(`${n} bytes`));
        if (n % 100 === 50) this.ctx.sendMessage(everyoneExcept(two, three.id), `${n} ${'x'.repeat(70_000)}`);
      }
      this.ctx.sendMessage(Broadcast, 'end');
    }
  }

  beforeAll(async () => {
    started = await startTestApp({ host, providers: [OrderRoom] });
  });
  afterAll(() => started.close());

  it('runs create before connect before the first message, and disconnect once, after the last', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/life`);
    for (let n = 0; n < 20; n++) client.send(String(n));
    await client.close();
    await journal.has('disconnect 1');
    const messages = Array.from({ length: 20 }, (_, n) => `1: ${n}`);
    expect(journal.entries).toEqual(['create', 'connect 1', ...messages, 'disconnect 1']);
  });

  it('gives each client what was sent to it in the order of the sends, whatever the mix', async () => {
    const clients: TestClient[] = [];
    for (let n = 1; n <= 3; n++) {
      const client = await TestClient.connect(`${started.ws}/ws/mix`);
      await client.until(`you are ${n}`);
      clients.push(client);
    }
    clients[0].send('mix');
    await Promise.all(clients.map((client) => client.until('end')));
    const expected: string[][] = [[], [], []];
    for (let n = 0; n < 300; n++) {
      const to = (text: string, ...members: number[]) => members.forEach((member) => expected[member - 1].push(text));
      to(`${n} all`, 1, 2, 3);
      to(`${n} two`, 2);
      to(`${n} not one`, 2, 3);
      to(`${n} one and three`, 1, 3);
      to(`${n} odd`, 1, 3);
      to(`${n} bytes`, 1, 2, 3);
      if (n % 100 === 50) to(`${n} ${'x'.repeat(70_000)}`, 1);
    }
    clients.forEach((client, at) => {
      expect(client.received.slice(1, -1).map(String)).toEqual(expected[at]);
    });
    await Promise.all(clients.map((client) => client.close()));
  });
});
