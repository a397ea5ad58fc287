import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { joinRoom, type Person, type PresenceChange, type Room, type RoomOptions } from 'jamsocket-client';
import { JamsocketRooms, JamsocketService, OnConnect, OnMessage, Presence, type Client } from 'nestjs-jamsocket';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';

class Names implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    const user = client.request.token;
    if (user !== undefined) client.setAuth({ user });
    return true;
  }
}

@JamsocketService('board')
@Presence(z.object({ x: z.number() }), { everyMs: 5 })
class BoardRoom {
  @UseGuards(Names)
  @OnConnect()
  connect() {}

  @OnMessage('fill')
  fill(client: Client) {
    for (let n = 0; n < 32; n++) client.sendBinary(MEGABYTE);
  }
}

/** Its news is gathered for so long that several clients join meanwhile. */
@JamsocketService('calm')
@Presence({ everyMs: 300 })
class CalmRoom extends BoardRoom {}

@JamsocketService('chat')
class ChatRoom {
  @OnMessage()
  text(_client: Client, text: string) {
    return `heard ${text}`;
  }
}

const MEGABYTE = Buffer.alloc(1_048_576);

interface Cursor {
  x: number;
}

describe('presence with jamsocket-client', () => {
  let test: TestApp;
  const rooms: Room[] = [];

  beforeAll(async () => {
    test = await startTestApp({
      providers: [BoardRoom, CalmRoom, ChatRoom, Names],
      options: { limits: { maxBufferedBytes: 64 * 1_048_576 } },
    });
  });
  afterAll(async () => {
    for (const room of rooms) room.close();
    await test.close();
  });

  function join(path: string, user?: string, options: RoomOptions = {}) {
    const room = joinRoom(`${test.ws}/ws/${path}`, {
      WebSocket,
      backoff: { random: () => 0 },
      token: () => user,
      ...options,
    });
    rooms.push(room);
    const log: string[] = [];
    room.presence.onChange(({ type, person }: PresenceChange<Cursor>) => log.push(`${type} ${person.key}`));
    /** Resolves when the others are such. */
    const until = (isSo: (others: readonly Person<Cursor>[]) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isSo(room.presence.others)) return;
          stop();
          resolve();
        };
        const stop = room.presence.onChange(look);
        look();
      });
    return Object.assign(room, { log, until });
  }

  /** The connections of this user are lost. */
  function cut(user: string) {
    const clients = test.app
      .get(JamsocketRooms)
      .localRooms(BoardRoom)
      .flatMap((room) => [...room.clients.values()]);
    for (const client of clients) if (client.user === user) client.connection?.terminate('test');
  }

  const shown = (others: readonly Person<Cursor>[]) => others.map(({ key, value, isAway }) => [key, value?.x, isAway]);

  it('has the others with their values; tabs are one person, and the own user is not among the others', async () => {
    const ann = join('board/one', 'ann');
    ann.presence.set({ x: 1 });
    await ann.opened;
    const bob = join('board/one', 'bob');
    await bob.until((others) => others[0]?.value?.x === 1);
    const second = join('board/one', 'ann');
    await bob.until((others) => others[0]?.clients.length === 2);
    expect(shown(bob.presence.others)).toEqual([['@ann', 1, false]]);
    second.presence.set({ x: 2 });
    await bob.until((others) => others[0]?.value?.x === 2);
    const before = bob.presence.others;
    await ann.until((others) => others.length === 1);
    expect(shown(ann.presence.others)).toEqual([['@bob', undefined, false]]);
    expect(shown(second.presence.others)).toEqual([['@bob', undefined, false]]);
    expect(second.log).toEqual(['here @bob']);
    ann.close();
    second.close();
    await bob.until((others) => others.length === 0);
    expect(before).toHaveLength(1);
    expect(bob.log[0]).toBe('here @ann');
    expect(bob.log.at(-1)).toBe('left @ann');
    expect(bob.log.slice(1, -1).every((line) => line === 'changed @ann')).toBe(true);
  });

  it('tells a client that joins just after another nothing twice', async () => {
    const ann = join('calm/one', 'ann');
    await ann.opened;
    const bob = join('calm/one', 'bob');
    await bob.until((others) => others.length === 1);
    const carol = join('calm/one', 'carol');
    await carol.until((others) => others.length === 2);
    // The news of these joins is gathered until then.
    await ann.until((others) => others.length === 2);
    ann.presence.set({ x: 1 });
    await Promise.all([bob, carol].map((room) => room.until((others) => others[0].value?.x === 1)));
    expect(bob.log).toEqual(['here @ann', 'joined @carol', 'changed @ann']);
    expect(carol.log).toEqual(['here @ann', 'here @bob', 'changed @ann']);
    for (const room of [ann, bob, carol]) room.close();
  });

  it('keeps a person who has not changed the same object, and gathers what is set in the client', async () => {
    const [a, b, c] = [join('board/two', 'a'), join('board/two', 'b'), join('board/two', 'c')];
    await c.until((others) => others.length === 2);
    a.presence.set({ x: 0 });
    await c.until((others) => others.some(({ value }) => value?.x === 0));
    const personB = c.presence.others.find(({ user }) => user === 'b');
    let messages = 0;
    const stop = c.presence.onChange(() => void messages++);
    for (let x = 1; x <= 1_000; x++) a.presence.set({ x });
    await c.until((others) => others.some(({ value }) => value?.x === 1_000));
    stop();
    expect(messages).toBeLessThanOrEqual(2);
    expect(c.presence.others.find(({ user }) => user === 'b')).toBe(personB);
    for (const room of [a, b, c]) room.close();
  });

  it('survives a lost connection: others see away and back, and the value is still there', async () => {
    const ann = join('board/three', 'ann', { backoff: { minMs: 60_000, maxMs: 60_000, random: () => 0.99 } });
    const bob = join('board/three', 'bob');
    ann.presence.set({ x: 1 });
    await bob.until((others) => others[0]?.value?.x === 1);
    await ann.until((others) => others.length === 1);
    const othersOfAnn = ann.presence.others;
    cut('ann');
    // Nobody is told of a client that is back in the same tick.
    await bob.until(() => bob.log.includes('away @ann'));
    while (ann.connection.status === 'open') await new Promise(setImmediate);
    ann.reconnectNow();
    await bob.until(() => bob.log.includes('back @ann'));
    expect(bob.log.filter((line) => line !== 'changed @ann' && !line.startsWith('here'))).toEqual(
      expect.arrayContaining(['away @ann', 'back @ann']),
    );
    ann.presence.set({ x: 2 });
    await bob.until((others) => others[0]?.value?.x === 2);
    expect(ann.connection).toMatchObject({ resumed: true });
    // It does not join again for somebody who comes back.
    expect(ann.log).toEqual([expect.stringMatching(/^(here|joined) @bob$/)]);
    expect(ann.presence.others).toBe(othersOfAnn);
    ann.close();
    bob.close();
  });

  it('is sent again by a client that has lost its place, and refused values are reported', async () => {
    const ann = join('board/four', 'ann', { resume: false });
    const bob = join('board/four', 'bob');
    ann.presence.set({ x: 7 });
    await bob.until((others) => others[0]?.value?.x === 7);
    cut('ann');
    await bob.until((others) => others[0]?.clients[0].id === 3 && others[0].value?.x === 7);
    const refused = new Promise((resolve) => ann.on('exception', resolve));
    ann.presence.set({ x: 'left' });
    expect(await refused).toMatchObject({ issues: [{ path: ['x'] }] });
    expect(bob.presence.others[0].value).toEqual({ x: 7 });
    ann.close();
    bob.close();
  });

  it.each([[[]], [['jamsocket.v1']]])(
    'skips a client that does not read, and tells it everything when it reads again (subprotocols %j)',
    async (protocols) => {
      const slow = await TestClient.connect(`${test.ws}/ws/board/slow`, {}, protocols);
      if (protocols.length > 0) {
        const { jamsocket } = await slow.nextJson<{ jamsocket: string }>();
        slow.send(JSON.stringify({ jamsocket }));
      }
      const ann = join('board/slow', 'ann');
      await ann.opened;
      const bob = join('board/slow', 'bob');
      await bob.until((others) => others.length === 2);
      const socket = tcpSocketOf(slow);
      socket.pause();
      slow.emit('fill');
      const room = test.app
        .get(JamsocketRooms)
        .localRooms(BoardRoom)
        .find(({ roomId }) => roomId === 'slow')!;
      const client = [...room.clients.values()][0];
      while (!client.connection!.isBehind) await new Promise((resolve) => setImmediate(resolve));
      for (let x = 1; x <= 20; x++) {
        ann.presence.set({ x });
        await bob.until((others) => others.some(({ value }) => value?.x === x));
      }
      socket.resume();
      const [before, news] = [
        [] as string[],
        slow.until((text) => text.includes('"everyone"') && text.includes('"value"')),
      ];
      expect(JSON.parse(await news)).toMatchObject({
        data: { you: client.id, everyone: [{ id: client.id }, { user: 'ann', value: { x: 20 } }, { user: 'bob' }] },
      });
      for (const text of slow.received) if (typeof text === 'string' && /"x":\d/.test(text)) before.push(text);
      expect(before).toHaveLength(1);
      ann.presence.set({ x: 21 });
      await slow.until((text) => text.includes('{"id":2,"user":"ann","value":{"x":21}}'));
      for (const one of [ann, bob, slow]) await one.close();
    },
  );

  it('sends nothing to a room without it', async () => {
    const room = join('chat/one');
    const texts: string[] = [];
    room.onText((text) => texts.push(text));
    room.presence.set({ x: 1 });
    await room.opened;
    room.send('hello');
    while (texts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(texts).toEqual(['heard hello']);
    expect(room.presence.others).toEqual([]);
    room.close();
  });
});
