import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDestroy,
  OnDisconnect,
  type Client,
} from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let destroyGate: Gate;
let instances = 0;

@Injectable()
class Helper implements OnModuleDestroy {
  constructor(readonly ctx: JamsocketContext) {}

  onModuleDestroy() {
    journal.add(`helper of ${this.ctx.roomId} destroyed`);
  }
}

@Injectable()
class Books implements OnModuleDestroy {
  constructor(readonly ctx: JamsocketContext) {}

  async onModuleDestroy() {
    journal.add('books being closed');
    await destroyGate.opened;
  }
}

class Recording {
  readonly instance = ++instances;

  constructor(
    readonly ctx: JamsocketContext,
    readonly helper: Helper,
  ) {}

  hello(client: Client) {
    client.sendMessage(`instance ${this.instance}`);
  }
}

@JamsocketService()
class ImmediateRoom extends Recording {
  constructor(ctx: JamsocketContext, helper: Helper) {
    super(ctx, helper);
    ctx.signal.addEventListener('abort', () => journal.add('aborted'));
  }

  @OnConnect()
  connect(client: Client) {
    this.hello(client);
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`disconnect ${client.id}`);
  }

  @OnDestroy()
  async destroy() {
    journal.add('destroy begins');
    await destroyGate.opened;
    journal.add('destroy ends');
  }
}

@JamsocketService({ path: 'lingering', shutdown: { afterMs: 150 } })
class LingeringRoom extends Recording {
  constructor(ctx: JamsocketContext, helper: Helper) {
    super(ctx, helper);
  }

  @OnConnect()
  connect(client: Client) {
    this.hello(client);
  }
}

@JamsocketService({ path: 'forever', shutdown: 'never', unjoinedMs: 1 })
class ForeverRoom {}

@JamsocketService({ path: 'created', unjoinedMs: 50 })
class CreatedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnDestroy()
  destroy() {
    journal.add(`${this.ctx.roomId} destroyed`);
  }
}

@JamsocketService('ledger')
class LedgerRoom {
  constructor(readonly books: Books) {}
}

describe.each(HOSTS)('a room lives as long as it should, on $platform beside $beside', (host) => {
  let started: TestApp;
  let rooms: JamsocketRooms;

  beforeAll(async () => {
    const services = [ImmediateRoom, LingeringRoom, ForeverRoom, CreatedRoom, LedgerRoom];
    started = await startTestApp({ host, providers: [...services, Helper, Books] });
    rooms = started.app.get(JamsocketRooms);
  });
  beforeEach(() => {
    journal.clear();
    instances = 0;
    destroyGate = new Gate();
  });
  afterAll(() => started.close());

  it('runs @OnDisconnect for the last client too, then @OnDestroy, then destroys its providers', async () => {
    destroyGate.open();
    const client = await TestClient.connect(`${started.ws}/ws/last`);
    await client.next();
    await client.close();
    await journal.has('helper of last destroyed');
    expect(journal.entries).toEqual([
      'disconnect 1',
      'destroy begins',
      'destroy ends',
      'aborted',
      'helper of last destroyed',
    ]);
  });

  it('lets clients that connect while it stops wait for a fresh instance', async () => {
    const first = await TestClient.connect(`${started.ws}/ws/fresh`);
    expect(await first.nextText()).toBe('instance 1');
    await first.close();
    await journal.has('destroy begins');
    const late = [1, 2].map(() => TestClient.connect(`${started.ws}/ws/fresh`));
    const other = await TestClient.connect(`${started.ws}/ws/elsewhere`);
    expect(await other.nextText()).toBe('instance 2');
    expect(journal.entries).not.toContain('destroy ends');
    destroyGate.open();
    for (const client of await Promise.all(late)) {
      expect(await client.nextText()).toBe('instance 3');
      await client.close();
    }
    await other.close();
  });

  it('stays for a while when the policy says so, and a client that comes back finds it as it was', async () => {
    for (let visit = 0; visit < 2; visit++) {
      const client = await TestClient.connect(`${started.ws}/ws/lingering/room`);
      expect(await client.nextText()).toBe('instance 1');
      await client.close();
    }
    expect(await rooms.find(LingeringRoom, 'room')).toBeDefined();
    await journal.has('helper of room destroyed');
    expect(await rooms.find(LingeringRoom, 'room')).toBeUndefined();
  });

  it('stops when it was made by code and nobody joins, unless it is to stay forever', async () => {
    await rooms.create(ForeverRoom, 'forever');
    await rooms.create(CreatedRoom, 'unjoined');
    await journal.has('unjoined destroyed');
    expect(await rooms.list(ForeverRoom)).toHaveLength(1);
    await rooms.close(ForeverRoom, 'forever');
  });

  it('closes its clients when it is closed, and stops', async () => {
    destroyGate.open();
    const clients = await Promise.all([1, 2, 3].map(() => TestClient.connect(`${started.ws}/ws/closing`)));
    await Promise.all(clients.map((client) => client.next()));
    expect(await rooms.close(ImmediateRoom, 'closing', 'game over')).toBe(true);
    for (const client of clients) expect(await client.closed).toEqual({ code: 1000, reason: 'game over' });
    expect(journal.entries.filter((entry) => entry.startsWith('disconnect')).sort()).toEqual([
      'disconnect 1',
      'disconnect 2',
      'disconnect 3',
    ]);
    expect(journal.entries).toContain('destroy ends');
    expect(await rooms.find(ImmediateRoom, 'closing')).toBeUndefined();
  });

  it('lets code that makes it anew wait until its providers are destroyed', async () => {
    await rooms.create(LedgerRoom, 'year');
    const closed = rooms.close(LedgerRoom, 'year');
    await journal.has('books being closed');
    const made = rooms.create(LedgerRoom, 'year');
    const twin = rooms.create(LedgerRoom, 'year').catch((error: Error) => error);
    destroyGate.open();
    expect([await closed, (await made).id]).toEqual([true, 'year']);
    expect(await twin).toMatchObject({ code: 'room_exists' });
    await rooms.close(LedgerRoom, 'year');
  });
});
