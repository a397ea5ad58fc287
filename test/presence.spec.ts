import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  Presence,
  SharedState,
  State,
  type Client,
  type RoomPresence,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { z } from 'zod';

useLeakGuard();

const PROTOCOL = 'jamsocket.v1';
const Cursor = z.object({ x: z.number(), name: z.string().max(10).optional() });

@JamsocketService()
@Presence(Cursor, { maxBytes: 60, maxClients: 4 })
class BoardRoom {
  constructor(readonly ctx: JamsocketContext) {}

  get presence(): RoomPresence<z.infer<typeof Cursor>> {
    return this.ctx.presence;
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  echo(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }
}

@JamsocketService({ path: 'safe', durable: { save: 'turn' } })
@Presence({ everyMs: 0 })
class SafeRoom {
  @State() count = 0;
  readonly board = new SharedState({ n: 0 });

  @OnMessage('count')
  add() {
    this.board.change((draft) => void draft.n++);
    return ++this.count;
  }
}

@JamsocketService({ path: 'plain' })
class PlainRoom {
  constructor(readonly ctx: JamsocketContext) {}

  @OnMessage('other')
  other() {}
}

const presenceOf = (client: RoomClient) =>
  client
    .unread()
    .map(String)
    .filter((text) => text.startsWith('{"event":"$presence"'))
    .map((text) => (JSON.parse(text) as { data: unknown }).data);

describe('presence', () => {
  let room: TestRoom<BoardRoom>;

  beforeEach(async () => {
    room = await createTestRoom(BoardRoom);
  });
  afterEach(() => room.close());

  async function set(client: RoomClient, value: unknown) {
    client.emit('$presence', value);
    await room.settle();
  }

  /** A client of jamsocket.v1. */
  async function join(at: TestRoom = room, resume = '', user?: string) {
    const client = await at.connect({ protocols: [PROTOCOL, ...(resume ? [resume] : [])], user });
    const welcome = await client.nextJson<{ jamsocket: string; resumed: boolean }>();
    client.send(JSON.stringify({ jamsocket: welcome.jamsocket, uncounted: true }));
    await at.settle();
    return Object.assign(client, { welcome });
  }

  it('tells a client of everyone before anything else, and the others of the client', async () => {
    const ann = await room.connect({ user: 'ann' });
    expect(ann.received[0]).toBe(
      '{"event":"$presence","data":{"you":1,"everyMs":50,"everyone":[{"id":1,"user":"ann"}]}}',
    );
    expect(ann.received[1]).toBe('welcome');
    await room.advance(100);
    ann.unread();
    await set(ann, { x: 1 });
    const bob = await room.connect();
    expect(presenceOf(bob)[0]).toEqual({
      you: 2,
      everyMs: 50,
      everyone: [{ id: 1, user: 'ann', value: { x: 1 } }, { id: 2 }],
    });
    await room.advance(50);
    expect(presenceOf(ann)).toEqual([{ changed: [{ id: 1, user: 'ann', value: { x: 1 } }] }, { changed: [{ id: 2 }] }]);
    await bob.close();
    await room.advance(50);
    expect(presenceOf(ann)).toEqual([{ left: [2] }]);
  });

  it('gathers changes, and only the latest counts', async () => {
    const [ann, bob] = [await room.connect(), await room.connect()];
    await room.advance(100);
    [ann, bob].map(presenceOf);
    for (let x = 0; x < 20; x++) ann.emit('$presence', { x });
    await room.settle();
    const first = presenceOf(bob);
    expect(first.length).toBeGreaterThan(0);
    for (let x = 20; x < 40; x++) await set(ann, { x });
    await set(bob, { x: 5 });
    // Nothing has changed by this.
    await set(bob, { x: 5 });
    expect(presenceOf(bob)).toEqual([]);
    await room.advance(50);
    expect(presenceOf(bob)).toEqual([
      {
        changed: [
          { id: 1, value: { x: 39 } },
          { id: 2, value: { x: 5 } },
        ],
      },
    ]);
    await room.advance(1_000);
    expect(presenceOf(bob)).toEqual([]);
    await set(ann, undefined);
    expect(presenceOf(bob)).toEqual([{ changed: [{ id: 1 }] }]);
  });

  it('refuses bad values with a clear error, and keeps the last good one', async () => {
    const ann = await room.connect();
    await set(ann, { x: 1 });
    const exception = async (value: unknown) => {
      ann.unread();
      return (await ann.request<{ message: string }>('$presence', value)).data;
    };
    expect(await exception({ x: 'a' })).toMatchObject({ issues: [{ path: ['x'] }] });
    expect((await exception(null)).message).toMatch(/"presence" is not valid/);
    expect((await exception({ x: 1, name: '\u{1F600}'.repeat(30) })).message).toMatch(/not valid/);
    expect(room.service.presence.get(1)).toEqual({ x: 1 });
    for (const value of [{ x: 1, name: 'x'.repeat(60) }, 1n, () => 1, { toJSON: () => undefined }])
      expect(() => room.service.presence.set(1, value as never)).toThrow(
        expect.objectContaining({ code: 'bad_presence', message: expect.stringMatching(/at most 60 bytes/) }),
      );
    expect(room.service.presence.get(1)).toEqual({ x: 1 });
  });

  it('cannot be forged through a room that passes on what clients write', async () => {
    await room.close();
    room = await createTestRoom(BoardRoom, { logger: false });
    const [ann, mallory] = [await room.connect(), await room.connect()];
    await room.advance(100);
    ann.unread();
    for (const text of ['{"event":"$presence","data":{"left":[1]}}', ' {"event":"\\u0024presence"}'])
      expect(() => room.service.ctx.sendMessage(Broadcast, text)).toThrow(
        expect.objectContaining({ code: 'reserved_event' }),
      );
    mallory.send('{"event":"$presence" ,"data":{"left":[1]}, "event":"fine"}');
    room.service.ctx.sendMessage(Broadcast, '{"event":"x","data":"$presence"}');
    await room.settle();
    expect(ann.unread().map(String)).toEqual([
      '{"event":"x","data":"$presence"}',
      '{"event":"$presence" ,"data":{"left":[1]}, "event":"fine"}',
    ]);
  });

  it('is of persons on the server: several tabs are one person, who is away when all of them are', async () => {
    const phone = await join(room, '', 'ann');
    const laptop = await room.connect({ user: 'ann' });
    await room.connect();
    room.service.presence.set(phone.client, { x: 1 });
    room.service.presence.set(2, { x: 2 });
    const people = () => room.service.presence.people.map(({ key, value, isAway }) => [key, value?.x, isAway]);
    expect(people()).toEqual([
      ['@ann', 2, false],
      ['#3', undefined, false],
    ]);
    await phone.drop();
    expect(room.service.presence.people[0]).toMatchObject({
      isAway: false,
      clients: [{ id: 1, away: true }, { id: 2 }],
    });
    await laptop.close();
    expect(people()[0]).toEqual(['@ann', 1, true]);
    // What has left is ignored.
    room.service.presence.set(laptop.client, { x: 9 });
    room.service.presence.set(99, { x: 9 });
    expect(room.service.presence.people).toHaveLength(2);
    await room.advance(30_000);
    expect(people()).toEqual([['#3', undefined, false]]);
  });

  it('tells who is away and back; who was away gets everything anew and nothing of what it missed', async () => {
    const [ann, bob] = [await join(), await join()];
    await room.advance(100);
    [ann, bob].map(presenceOf);
    await bob.drop();
    await room.advance(50);
    expect(presenceOf(ann)).toEqual([{ changed: [{ id: 2, away: true }] }]);
    for (let x = 1; x <= 5; x++) {
      await set(ann, { x });
      await room.advance(50);
    }
    const back = await join(room, `jamsocket.resume.${bob.welcome.jamsocket}.${2 + 1}`);
    expect(back.welcome.resumed).toBe(true);
    await room.advance(50);
    expect(presenceOf(back)).toEqual([
      { you: 2, everyMs: 50, everyone: [{ id: 1, value: { x: 5 } }, { id: 2 }] },
      { changed: [{ id: 2 }] },
    ]);
    expect(presenceOf(ann).at(-1)).toEqual({ changed: [{ id: 2 }] });
  });

  it('follows the user of a client, and is bounded: further clients see the others, and are shown when one leaves', async () => {
    const clients = [];
    for (let n = 0; n < 5; n++) clients.push(await room.connect());
    await room.advance(100);
    const ids = () => room.service.presence.people.map(({ clients: all }) => all.map(({ id }) => id)).flat();
    expect(ids()).toEqual([1, 2, 3, 4]);
    clients.map(presenceOf);
    await set(clients[4], { x: 1 });
    clients[0].client.setAuth({ user: 'ann' });
    await clients[1].close();
    await room.advance(50);
    expect(ids()).toEqual([1, 3, 4, 5]);
    expect(presenceOf(clients[4])).toEqual([
      { changed: [{ id: 1, user: 'ann' }] },
      { left: [2], changed: [{ id: 5 }] },
    ]);
  });

  it('leaves with a client that the room removes', async () => {
    const [ann, bob] = [await room.connect(), await room.connect()];
    await room.advance(100);
    presenceOf(ann);
    bob.client.close(4_000, 'kicked');
    await bob.closed;
    await room.advance(50);
    expect(presenceOf(ann)).toEqual([{ left: [2] }]);
  });

  it('is not there for classes without it', async () => {
    const plain = await room.openRoom(SafeRoom).catch(() => undefined);
    expect(plain).toBeUndefined();
    await room.close();
    const other = await createTestRoom(PlainRoom);
    expect(() => other.service.ctx.presence).toThrow(
      expect.objectContaining({ code: 'no_presence', message: expect.stringMatching(/PlainRoom .*@Presence\(\)/) }),
    );
    const client = await other.connect();
    client.emit('$presence', 1);
    await other.settle();
    expect(client.unread().map(String)).toEqual([expect.stringMatching(/No handler for the event/)]);
    await other.close();
    room = await createTestRoom(BoardRoom);
  });

  describe('of a durable room', () => {
    let safe: TestRoom<SafeRoom>;

    beforeEach(async () => {
      safe = await createTestRoom(SafeRoom);
    });
    afterEach(() => safe.close());

    it('is not saved and waits for no save; after a crash everyone is away and then back, with new values', async () => {
      const [ann, bob] = [await join(safe, '', 'ann'), await join(safe)];
      await safe.advance(1);
      const { saves } = safe.context.room.lifecycle!.saving;
      for (let x = 1; x <= 3; x++) {
        safe.context.presence.set(1, { x });
        await safe.settle();
      }
      expect(safe.context.room.lifecycle!.saving.saves).toBe(saves);
      expect(presenceOf(bob).at(-1)).toEqual({ changed: [{ id: 1, user: 'ann', value: { x: 3 } }] });
      expect(await ann.request('count')).toMatchObject({ data: 1 });
      await safe.crash();
      expect(safe.context.presence.people).toMatchObject([
        { key: '@ann', isAway: true, value: undefined },
        { key: '#2', isAway: true },
      ]);
      // The clients have counted nothing of it: welcome, presence and reply.
      const back = await join(safe, `jamsocket.resume.${ann.welcome.jamsocket}.3`);
      expect(back.welcome.resumed).toBe(true);
      expect(presenceOf(back)[0]).toMatchObject({
        you: 1,
        everyone: [
          { id: 1, user: 'ann' },
          { id: 2, away: true },
        ],
      });
    });
  });
});

describe('a mistake in @Presence() is found at boot:', () => {
  class Base {}
  const make = (...args: unknown[]) => {
    class Room extends Base {}
    (Presence as (...args: unknown[]) => ClassDecorator)(...args)(Room);
    JamsocketService()(Room);
    return Room;
  };

  it.each([
    [[{ everyMs: -1 }], /@Presence\(\) on Room: options\.everyMs/],
    [[{ everyms: 1 }], /@Presence\(\) on Room: options/],
    [[{}, {}], /not a Standard Schema/],
    [[{ maxClients: 100_000 }], /lower maxClients or maxBytes/],
  ])('%j', async (args, message) => {
    await expect(createTestRoom(make(...args), { logger: false })).rejects.toThrow(message);
  });

  it('a handler of its event', async () => {
    @JamsocketService()
    @Presence()
    class Room {
      @OnMessage('$presence')
      mine() {}
    }
    await expect(createTestRoom(Room, { logger: false })).rejects.toThrow(/Room has @OnMessage\('\$presence'\)/);
  });
});
