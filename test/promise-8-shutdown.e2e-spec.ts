import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { HOSTS, onSocket, startTestApp, type TestApp, itOnOneNode } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const GRACE_MS = 1_000;

describe.each(HOSTS)('app.close() drains the rooms, on $platform beside $beside', (host) => {
  const journal = new Journal();
  let gate: Gate;
  let started: TestApp;

  @Injectable()
  class Database implements OnModuleDestroy {
    isOpen = true;

    onModuleDestroy() {
      this.isOpen = false;
      journal.add('database closed');
    }
  }

  @JamsocketService({ shutdown: 'never' })
  class SavingRoom {
    constructor(
      private readonly ctx: JamsocketContext,
      private readonly database: Database,
    ) {}

    @OnConnect()
    connect(client: Client) {
      client.sendMessage('welcome');
    }

    @OnMessage()
    async message(_client: Client, text: string) {
      if (text === 'hang') {
        journal.add('hangs');
        await new Promise(() => undefined);
      }
      for (let n = 0; n < 500; n++) this.ctx.sendMessage(Broadcast, `${n} ${'z'.repeat(1_000)}`);
    }

    @OnDisconnect()
    disconnect(client: Client) {
      journal.add(`disconnect ${client.id}, database ${this.database.isOpen ? 'open' : 'closed'}`);
    }

    @OnDestroy()
    async destroy() {
      journal.add('destroy begins');
      await gate.opened;
      journal.add(`saved, database ${this.database.isOpen ? 'open' : 'closed'}`);
    }
  }

  @JamsocketService('slow')
  class SlowRoom {
    @OnCreate()
    async create() {
      journal.add('is being made');
      await gate.opened;
    }
  }

  beforeEach(async () => {
    journal.clear();
    gate = new Gate();
    const providers = [SavingRoom, SlowRoom, Database];
    started = await startTestApp({ host, providers, options: { shutdownGraceMs: GRACE_MS } });
  });
  afterEach(() => started.close().catch(() => undefined));

  async function enter(): Promise<TestClient> {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    return client;
  }

  itOnOneNode(
    'closes clients with 1012 after all that was sent to them, while the providers of the app are alive',
    async () => {
      gate.open();
      const clients = [await enter(), await enter(), await enter()];
      clients[0].send('flood');
      await clients[0].next();
      await started.close();
      for (const client of clients) {
        expect(await client.closed).toEqual({ code: 1012, reason: 'service restart' });
        const texts = client.received.map((message) => String(message).split(' ', 1)[0]);
        expect(texts.slice(1)).toEqual(Array.from({ length: 500 }, (_, n) => String(n)));
      }
      const disconnects = journal.entries.filter((entry) => entry.startsWith('disconnect'));
      expect(disconnects.sort()).toEqual([1, 2, 3].map((id) => `disconnect ${id}, database open`));
      expect(journal.entries.slice(-3)).toEqual(['destroy begins', 'saved, database open', 'database closed']);
    },
  );

  it('delivers what was sent in the very turn of the shutdown', async () => {
    gate.open();
    const client = await enter();
    const room = await started.app.get(JamsocketRooms).find(SavingRoom, 'room');
    const sent = room!.sendMessage(Broadcast, 'last words');
    await started.close();
    await sent;
    expect((await client.closed).code).toBe(1012);
    expect(client.unread()).toEqual(['last words']);
  });

  it('answers new upgrades with 503 and Retry-After meanwhile', async () => {
    const client = await enter();
    const closing = started.close();
    await client.closed;
    await journal.has('destroy begins');
    const refused = await TestClient.refused(`${started.ws}/ws/room`);
    expect(refused).toMatchObject({ status: 503, body: { code: 'draining' }, headers: { 'retry-after': '1' } });
    gate.open();
    await closing;
  });

  it('tells clients that wait for a room it does not wait for', async () => {
    const made = started.app
      .get(JamsocketRooms)
      .create(SlowRoom, 'late')
      .catch((error: Error) => error);
    const arrived = new Promise<unknown>((resolve) => onSocket(started, resolve));
    const connected = TestClient.refused(`${started.ws}/ws/slow/late`);
    await Promise.all([journal.has('is being made'), arrived]);
    await started.close();
    expect(await made).toMatchObject({ name: 'RefusedError', code: 'draining' });
    expect(await connected).toMatchObject({ status: 503, body: { code: 'draining' } });
  });

  itOnOneNode(
    'is done within the grace even if handlers never end, and begins all that belongs to the end',
    async () => {
      const client = await enter();
      client.send('hang');
      await journal.has('hangs');
      const began = performance.now();
      await started.close();
      const took = performance.now() - began;
      expect((await client.closed).code).toBe(1012);
      // 0.6 of the grace is for messages; the present turn and the steps of the end share the rest.
      expect(took).toBeGreaterThan(GRACE_MS * 0.75);
      expect(took).toBeLessThan(GRACE_MS * 3);
      expect(journal.entries).toEqual(['hangs', 'disconnect 1, database open', 'destroy begins', 'database closed']);
    },
  );
});
