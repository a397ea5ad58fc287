import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger, Scope } from '@nestjs/common';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  State,
  type Client,
  type JamsocketOptions,
  type StateFields,
  type TimerFiring,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { Gate } from './support/gate.js';
import { MoodyStore } from './support/moody-store.js';

useLeakGuard();

const PROTOCOL = 'jamsocket.v1';
const DAY = 24 * 3_600_000;
let log: string[] = [];
let stop: Gate | undefined;
let onCreate: ((ctx: JamsocketContext) => void) | undefined;
let onDestroy: typeof onCreate;

@JamsocketService({ path: 'ledger', durable: { save: 'turn', maxGatedBytes: 10_000, expireMs: DAY } })
class LedgerRoom {
  @State() total = 0;
  @State() extra: unknown = undefined;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    log.push(`create ${this.ctx.restored?.reason} ${this.total}`);
    onCreate?.(this.ctx);
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`hello ${client.id}`);
  }

  @OnMessage()
  async message(client: Client, text: string) {
    const [word, n] = text.split(' ');
    if (word === 'add') this.ctx.sendMessage(Broadcast, `total ${(this.total += Number(n))}`);
    if (word === 'in') this.ctx.setTimer(Number(n));
    if (word === 'flood') for (let at = 0; at < Number(n); at++) client.sendMessage('x'.repeat(1_000));
    if (word === 'bad') this.extra = { list: [() => 1] };
    if (word === 'good') this.extra = undefined;
    if (word === 'bad' || word === 'good') client.sendMessage(word);
    if (word === 'tick') this.ctx.sendMessage(Broadcast, 'tick');
  }

  @OnTimer()
  async fire(ctx: JamsocketContext, { attempt, dueAt }: TimerFiring) {
    log.push(`fire ${attempt} ${dueAt.toISOString()} ${ctx.roomId}`);
    await stop?.opened;
    this.total += 1_000;
  }

  @OnDisconnect()
  disconnect(client: Client) {
    log.push(`disconnect ${client.id}`);
  }

  @OnDestroy()
  destroy() {
    log.push(`destroy ${this.total}`);
    onDestroy?.(this.ctx);
  }

  sum() {
    return this.total;
  }
}

const toCents = (state: StateFields) => ({ cents: (state.total as number) * 100 });

@JamsocketService({ path: 'ledger', durable: { save: 'turn', version: 2, migrate: toCents } })
class NewerLedger {
  @State() cents = 0;

  constructor(readonly ctx: JamsocketContext) {}
}

interface Welcome {
  readonly jamsocket: string;
  readonly client: number;
  readonly resumed: boolean;
  readonly handled: number;
  readonly lost?: string;
}

/** A client of jamsocket.v1; a frame at a time. */
async function join(room: TestRoom<LedgerRoom>): Promise<{ client: RoomClient; welcome: Welcome }> {
  const client = await room.connect({ protocols: [PROTOCOL] });
  const welcome = await client.nextJson<Welcome>();
  client.send(JSON.stringify({ jamsocket: welcome.jamsocket }));
  return { client, welcome };
}

async function comeBack(room: TestRoom<LedgerRoom>, { jamsocket }: Welcome, received: number) {
  const client = await room.connect({ protocols: [PROTOCOL, `jamsocket.resume.${jamsocket}.${received}`] });
  const welcome = await client.nextJson<Welcome>();
  client.send(JSON.stringify({ jamsocket: welcome.jamsocket }));
  return { client, welcome };
}

/** A client of jamsocket.v1 is told on the socket, since a browser does not see the answer to an upgrade. */
async function refusedToComeBack(room: TestRoom<LedgerRoom>, { jamsocket }: Welcome, received: number) {
  const client = await room.connect({ protocols: [PROTOCOL, `jamsocket.resume.${jamsocket}.${received}`] });
  const { code, reason } = await client.closed;
  expect(code).toBe(1013);
  return JSON.parse(reason) as object;
}

const texts = (client: RoomClient) => client.unread().filter((text) => !String(text).startsWith('{"jamsocket"'));

const toldLater = { code: 'store_unavailable', retryAfter: 1 };

describe('a durable room in a test', () => {
  let store: MoodyStore;
  let room: TestRoom<LedgerRoom>;

  beforeEach(() => {
    log = [];
    stop = onCreate = onDestroy = undefined;
    store = new MoodyStore();
  });

  const open = async (options?: JamsocketOptions) =>
    (room = await createTestRoom(LedgerRoom, { store, roomId: 'one', options, logger: false }));

  describe('that crashes', () => {
    it('is restored as it was, without a handler having run', async () => {
      await open();
      const ann = await room.connect();
      ann.send('add 5');
      expect(await ann.until('total 5')).toBe('total 5');
      await room.crash();
      expect((await ann.closed).code).toBe(1006);
      expect(room.service.total).toBe(5);
      await room.settle();
      expect(log).toEqual(['create undefined 0', 'create crash 5', 'disconnect 1']);
      await room.close();
    });

    it('does not lose what anyone has seen, and nobody has seen what it loses', async () => {
      await open();
      const { client, welcome } = await join(room);
      client.send('add 5');
      await client.until('total 5');
      store.mood = 'hanging';
      client.send('add 100');
      await room.settle();
      expect(texts(client)).toEqual([]);
      const sum = room.rooms.invoke(LedgerRoom, 'one', 'sum').catch((error: { code: string }) => error.code);
      store.mood = 'good';
      await room.crash();
      expect(await sum).toBe('room_stopped');
      const back = await comeBack(room, welcome, 2);
      expect(back.welcome).toMatchObject({ resumed: true, client: 1, handled: 1 });
      back.client.send('add 1');
      expect(await back.client.until('total 6')).toBe('total 6');
      expect(log).toEqual(['create undefined 0', 'create crash 5']);
      await room.close();
    });

    it('in a turn of a timer has it fire again, and says which try it is', async () => {
      await open();
      const { client } = await join(room);
      client.send('in 60000');
      await room.settle();
      stop = new Gate();
      await room.advance(60_000, { waitForHandlers: false });
      await room.crash().catch(() => undefined);
      await room.advance(0, { waitForHandlers: false });
      stop.open();
      await room.settle();
      expect(log.filter((line) => line.startsWith('fire'))).toEqual([
        'fire 1 2000-01-01T00:01:00.000Z one',
        'fire 2 2000-01-01T00:01:00.000Z one',
      ]);
      expect(room.service.total).toBe(1_000);
      await room.close();
    });
  });

  it('survives a restart, with its clients and timers', async () => {
    await open();
    const { client, welcome } = await join(room);
    client.send('add 5');
    client.send('in 60000');
    await client.until('total 5');
    await room.restart();
    expect((await client.closed).code).toBe(1012);
    const back = await comeBack(room, welcome, 2);
    expect(back.welcome).toMatchObject({ resumed: true, client: 1, handled: 2 });
    await room.advance(60_000);
    expect(log).toEqual(['create undefined 0', 'destroy 5', 'create restart 5', expect.stringMatching(/^fire 1 /)]);
    await room.close();
  });

  it('resumes its clients after a long silence, though one is back before the other', async () => {
    await open();
    const ann = await join(room);
    const bob = await join(room);
    // By then nothing is kept of what was sent.
    await room.advance(3_600_000);
    await room.restart();
    const first = await comeBack(room, ann.welcome, 1);
    first.client.send('add 5');
    await first.client.until('total 5');
    const then = await comeBack(room, bob.welcome, 1);
    await room.settle();
    expect([first.welcome.resumed, then.welcome.resumed, texts(then.client)]).toEqual([true, true, ['total 5']]);
    await room.close();
  });

  it('gives a client that returns with its key its id again, even if another client has joined since', async () => {
    await open();
    const query = { clientKey: 'secret of ann' };
    for (const key of [undefined, query]) await (await room.connect({ query: key })).close();
    await room.crash();
    expect((await room.connect()).client.id).toBe(3);
    expect((await room.connect({ query })).client.id).toBe(2);
    expect((await room.connect({ query })).client.id).toBe(4);
    await room.close();
  });

  it('without clients is woken by its timer, and deleted when it was unused for long', async () => {
    await open();
    const ann = await room.connect();
    ann.send('add 5');
    ann.send('in 3600000');
    await ann.close();
    await room.advance(3_599_999);
    expect([room.isRunning, log.at(-1)]).toEqual([false, 'destroy 5']);
    await room.advance(1);
    expect(log.slice(-3)).toEqual(['create idle 5', 'fire 1 2000-01-01T01:00:00.000Z one', 'destroy 1005']);
    log = [];
    await room.advance(DAY - 60_000);
    expect(log).toEqual([]);
    expect(await store.list('ledger', 10)).toHaveLength(1);
    await room.advance(120_000);
    expect(log).toEqual(['create idle 1005', 'destroy 1005']);
    expect(await store.list('ledger', 10)).toEqual([]);
    const bob = await room.connect();
    expect([bob.client.id, room.service.total]).toEqual([1, 0]);
    await room.close();
  });

  it('is not deleted while somebody comes back to it, nor after a crash that hides when it was used last', async () => {
    await open();
    const ann = await room.connect();
    ann.send('add 5');
    await ann.close();
    await room.advance(DAY - 1_000);
    await (await room.connect()).close();
    await room.advance(DAY - 1_000);
    await room.crash();
    await room.advance(DAY - 60_000);
    expect(await store.list('ledger', 10)).toHaveLength(1);
    await room.close();
  });

  it('closed in @OnCreate keeps its record; destroyed there or in @OnDestroy, it does not', async () => {
    await open();
    const visit = async () => {
      const client = await room.connect();
      client.send('add 5');
      await client.close();
    };
    const turnedAway = async () => (await room.connect()).closed;
    const records = () => store.list('ledger', 10);
    await visit();
    onCreate = (ctx) => ctx.close('not today');
    expect(await turnedAway()).toEqual({ code: 1000, reason: 'not today' });
    await room.settle();
    expect(await records()).toHaveLength(1);
    onCreate = undefined;
    await visit();
    expect(log).toEqual([
      'create undefined 0',
      'disconnect 1',
      'destroy 5',
      'create idle 5',
      'destroy 5',
      'create idle 5',
      'disconnect 2',
      'destroy 10',
    ]);
    onCreate = (ctx) => ctx.destroy('for good');
    expect(await turnedAway()).toEqual({ code: 1000, reason: 'for good' });
    await room.settle();
    expect(await records()).toEqual([]);
    onCreate = undefined;
    onDestroy = (ctx) => ctx.destroy();
    await visit();
    expect(await records()).toEqual([]);
    await room.close();
  });

  describe('whose store is away', () => {
    it('answers heartbeats with what was acknowledged before, so that it does not look dead', async () => {
      await open({ heartbeat: { intervalMs: 1_000, timeoutMs: 3_000 } });
      const { client, welcome } = await join(room);
      client.send('add 5');
      await client.until('total 5');
      const beat = JSON.stringify({ jamsocket: welcome.jamsocket });
      client.send(beat);
      await room.settle();
      expect(client.unread()).toEqual([`{"jamsocket":"${welcome.jamsocket}","handled":1}`]);
      store.mood = 'failing';
      client.send('add 6');
      await room.settle();
      for (let beats = 0; beats < 3; beats++) {
        client.send(beat);
        await room.settle();
        expect(new Set(client.unread())).toEqual(new Set([`{"jamsocket":"${welcome.jamsocket}","handled":1}`]));
        await room.advance(1_000);
      }
      store.mood = 'good';
      await room.advance(2_000);
      expect(texts(client)).toEqual(['total 11']);
      client.send(beat);
      await room.settle();
      expect(client.unread()).toContain(`{"jamsocket":"${welcome.jamsocket}","handled":2}`);
      await room.close();
    });

    it('sends what somebody outside a turn has sent meanwhile, as soon as it is back', async () => {
      await open();
      const client = await room.connect();
      await client.until('hello 1');
      store.mood = 'failing';
      client.send('add 5');
      await room.settle();
      const handle = await room.rooms.find(LedgerRoom, 'one');
      await handle!.sendMessage(Broadcast, 'from outside');
      store.mood = 'good';
      await room.advance(3_000);
      expect(client.unread()).toEqual(['total 5', 'from outside']);
      await room.close();
    });

    it('goes on with the beats, which say no more than before', async () => {
      await open();
      const { client, welcome } = await join(room);
      client.send('add 5');
      await client.until('total 5');
      const beat = `{"jamsocket":"${welcome.jamsocket}","handled":1}`;
      await room.advance(9_100);
      expect(client.unread()).toEqual([beat]);
      store.mood = 'failing';
      client.send('add 6');
      await room.advance(9_100);
      expect(client.unread()).toEqual([beat]);
      store.mood = 'good';
      await room.advance(3_000);
      expect(texts(client)).toEqual(['total 11']);
      await room.close();
    });

    it.each(['failing', 'hanging'] as const)(
      'and is %s sends its clients away, lets nobody in, and loses nothing',
      async (mood) => {
        await open();
        const { client, welcome } = await join(room);
        client.send('add 5');
        await client.until('total 5');
        store.mood = mood;
        client.send('add 6');
        await room.advance(9_000);
        expect(client.isClosed).toBe(false);
        await room.advance(3_500);
        expect(await client.closed).toEqual({ code: 1013, reason: 'the store does not answer' });
        expect(texts(client)).toEqual([]);
        const refusal = { status: 503, body: { code: 'store_unavailable' } };
        await expect(room.connect()).rejects.toMatchObject(refusal);
        expect(await refusedToComeBack(room, welcome, 2)).toEqual(toldLater);
        await expect(room.rooms.invoke(LedgerRoom, 'one', 'sum')).rejects.toMatchObject({ code: 'store_unavailable' });
        const other = room.rooms.create(LedgerRoom, 'two').catch((error: { code: string }) => error.code);
        await room.advance(5_000, { waitForHandlers: false });
        expect(await other).toBe('store_unavailable');
        store.mood = 'good';
        await room.advance(20_000);
        const back = await comeBack(room, welcome, 2);
        expect(back.welcome).toMatchObject({ resumed: true, client: 1, handled: 2 });
        await room.settle();
        expect(texts(back.client)).toEqual(['total 11']);
        expect(log).toEqual(['create undefined 0']);
        await room.close();
      },
    );

    it('stops without its last save at a shutdown, and blames no handler for that', async () => {
      await open();
      const client = await room.connect();
      client.send('add 5');
      await client.until('total 5');
      store.mood = 'failing';
      client.send('add 6');
      await room.settle();
      const lines: string[] = [];
      jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => {
        if (!String(line).includes('LedgerRoom')) return;
        lines.push(String(line));
        // In time for the next instance.
        store.mood = 'good';
      });
      await room.restart();
      jest.restoreAllMocks();
      expect(lines).toEqual([expect.stringContaining('Room "one" of LedgerRoom stopped before it was saved.')]);
      expect(await room.rooms.invoke(LedgerRoom, 'one', 'sum')).toBe(5);
      await room.close();
    });

    it('keeps a bounded number of bytes back', async () => {
      await open();
      const { client, welcome } = await join(room);
      const plain = await room.connect();
      store.mood = 'failing';
      client.send('flood 9');
      await room.settle();
      expect(client.isClosed).toBe(false);
      client.send('flood 2');
      await room.settle();
      expect([await client.closed, (await plain.closed).code]).toEqual([
        { code: 1013, reason: 'the store does not answer' },
        1013,
      ]);
      await expect(room.connect()).rejects.toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
      store.mood = 'good';
      await room.advance(1_000);
      const back = await comeBack(room, welcome, 1);
      await room.settle();
      expect([back.welcome.resumed, texts(back.client).length]).toEqual([true, 11]);
      expect(log).toEqual(['create undefined 0', 'disconnect 2']);
      await room.close();
    });
  });

  describe('that cannot be restored', () => {
    const key = { service: 'ledger', key: 'one' };
    const read = async () => (await store.claim(key, 'reader')).record!;

    /** Overwrites a part of the record, as a broken disk might. */
    async function spoil(parts: Record<string, Uint8Array>) {
      const { fence, record } = await store.claim(key, 'vandal');
      const sequence = record!.sequence + 1;
      await store.commit([{ room: key, fence, owner: 'vandal', sequence, parts, isRelease: true }]);
    }

    beforeEach(async () => {
      await open();
      const ann = await room.connect();
      ann.send('add 5');
      await ann.until('total 5');
      await ann.close();
      log = [];
    });

    it.each(['base', 'data', 'state'])('since its %s is torn refuses everyone, and stays as it is', async (part) => {
      const torn = (await read()).parts[part].slice(0, -2);
      await spoil({ [part]: torn });
      for (let connects = 0; connects < 2; connects++)
        await expect(room.connect()).rejects.toMatchObject({ status: 503, body: { code: 'room_unreadable' } });
      await expect(room.rooms.invoke(LedgerRoom, 'one', 'sum')).rejects.toMatchObject({ code: 'room_unreadable' });
      await room.advance(2 * DAY);
      const { parts } = await read();
      expect(Buffer.compare(parts[part], torn)).toBe(0);
      expect(Object.keys(parts).sort()).toEqual(['at', 'base', 'data', 'state']);
      expect(log).toEqual([]);
      await room.close();
    });

    it('by an older version of its class refuses everyone, and is migrated by a newer one', async () => {
      await room.close();
      const newer = await createTestRoom(NewerLedger, { store, roomId: 'one' });
      expect(newer.service.cents).toBe(500);
      await newer.close();
      const options = { store, roomId: 'one', logger: false as const };
      await expect(createTestRoom(LedgerRoom, options)).rejects.toMatchObject({ code: 'room_unreadable' });
      const again = await createTestRoom(NewerLedger, { store, roomId: 'one' });
      expect(again.service.cents).toBe(500);
      expect([newer, again].map(({ service }) => service.ctx.restored?.reason)).toEqual(['idle', 'restart']);
      await again.close();
    });

    it('since its @OnCreate fails is not taken for one that has crashed', async () => {
      onCreate = () => {
        throw new Error('not yet');
      };
      for (let connects = 0; connects < 2; connects++)
        await expect(room.connect()).rejects.toMatchObject({ status: 503, body: { code: 'room_failed' } });
      onCreate = undefined;
      await room.connect();
      expect(log).toEqual(['create idle 5', 'create idle 5', 'create idle 5']);
      await room.close();
    });
  });

  it('whose state cannot be saved keeps what it had, says nothing to anyone, and goes on when it can', async () => {
    await open();
    const { client, welcome } = await join(room);
    client.send('add 5');
    await client.until('total 5');
    client.send('bad');
    await room.settle();
    expect(texts(client)).toEqual([]);
    client.send('good');
    await room.settle();
    expect(texts(client)).toEqual(['bad', 'good']);
    client.send('bad');
    await room.advance(10_000);
    expect((await client.closed).code).toBe(1013);
    expect(await refusedToComeBack(room, welcome, 4)).toEqual(toldLater);
    await room.crash();
    expect([room.service.total, room.service.extra]).toEqual([5, undefined]);
    await room.close();
  });
});

@Injectable({ scope: Scope.REQUEST })
class Scores {
  @State() points = new Map<string, number>();
}

@JamsocketService({ path: 'quiz', durable: true })
class QuizRoom {
  constructor(
    readonly scores: Scores,
    readonly ctx: JamsocketContext,
  ) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.scores.points.set(text, 1);
  }
}

@JamsocketService({ path: 'forgetful' })
class ForgetfulRoom {
  constructor(readonly scores: Scores) {}
}

describe('a class whose providers alone have state', () => {
  it('is durable if it says so', async () => {
    const room = await createTestRoom(QuizRoom, { providers: [Scores] });
    const ann = await room.connect();
    ann.send('ann');
    await room.advance(1_000);
    ann.send('bob');
    await room.settle();
    // A crash may lose changes of the last second.
    await room.crash();
    expect(room.service.scores.points).toEqual(new Map([['ann', 1]]));
    await room.restart();
    expect(room.service.ctx.restored?.reason).toBe('restart');
    expect(room.service.scores.points).toEqual(new Map([['ann', 1]]));
    await room.close();
  });

  it('is refused if it says nothing: the state would not be saved', async () => {
    const options = { store: new MoodyStore(), providers: [Scores], logger: false as const };
    await expect(createTestRoom(ForgetfulRoom, options)).rejects.toThrow(
      'Scores has @State() fields and is part of the rooms of ForgetfulRoom, which are not durable and would not save them: set @JamsocketService({ durable: true }) on ForgetfulRoom, or durable: false to keep them unsaved.',
    );
  });
});
