import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { joinRoom, type Person, type PresenceChange, type Room, type RoomOptions } from 'jamsocket-client';
import { JamsocketRooms, JamsocketService, OnConnect, Presence, type Client } from 'nestjs-jamsocket';
import { RedisCluster } from 'nestjs-jamsocket/redis';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import type { ClusterDriver } from '../libs/jamsocket/src/cluster/cluster-driver.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { findRedis, hasServer, startRedis } from './support/servers.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

class Names implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    client.setAuth({ user: client.request.query.get('token') ?? undefined });
    return true;
  }
}

@UseGuards(Names)
@JamsocketService('chat')
class ChatRoom {
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }
}

@JamsocketService({ path: 'small', limits: { maxBufferedBytes: 2_000 } })
class SmallRoom {
  @UseGuards(Names)
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }
}

@UseGuards(Names)
@JamsocketService('board')
@Presence(z.object({ x: z.number() }), { everyMs: 5 })
class BoardRoom {}

/** Names the nodes of one cluster. */
type Nodes = (name: string) => ClusterDriver & { isMute?: boolean };

function describeWith(what: string, open: () => Promise<{ readonly nodes: Nodes; close(): Promise<void> }>) {
  describe(`two nodes, with ${what}`, () => {
    let cluster: Awaited<ReturnType<typeof open>>;
    let one: TestApp;
    let two: TestApp;
    const members: Room[] = [];

    beforeAll(async () => {
      cluster = await open();
      const boot = (name: string) =>
        startTestApp({ options: { cluster: cluster.nodes(name) }, providers: [ChatRoom, SmallRoom, BoardRoom, Names] });
      one = await boot('one');
      two = await boot('two');
    });
    afterAll(async () => {
      for (const member of members) member.close();
      await one.close();
      await two.close();
      await cluster.close();
    });

    /** A client in a room. The first one decides on which node the room is. */
    async function inRoom({ ws }: TestApp, path: string, user: string) {
      const client = await TestClient.connect(`${ws}/ws/${path}?token=${user}`);
      await client.until('welcome');
      return client;
    }

    it('find a user, and reach all of the user, in whatever rooms on whatever nodes', async () => {
      const bob = await inRoom(one, 'chat/first', 'bob');
      const cat = await inRoom(two, 'small/second', 'cat');
      const ann = [
        await inRoom(one, 'chat/first', 'ann'),
        await inRoom(two, 'chat/first', 'ann'),
        await inRoom(one, 'small/second', 'ann'),
        await inRoom(two, 'small/second', 'ann'),
      ];
      for (const { app } of [one, two]) {
        const rooms = app.get(JamsocketRooms);
        const found = await rooms.of('ann');
        expect(found.map(({ service, id, size }) => `${service}/${id} ${size}`).sort()).toEqual([
          'chat/first 3',
          'small/second 3',
        ]);
        expect(found.missing).toEqual([]);
        expect((await rooms.of('ann', SmallRoom)).map(({ id }) => id)).toEqual(['second']);
        expect(await rooms.of('nobody')).toEqual([]);
        const bytes = Buffer.from([1, 2]);
        const sending = rooms.sendToUser('ann', bytes);
        bytes.fill(0);
        expect(await sending).toEqual({ clients: 4, missing: [] });
        for (const client of ann) expect(await client.next()).toEqual(Buffer.from([1, 2]));
        expect(await rooms.emitToUser('ann', 'news', { n: 1 })).toEqual({ clients: 4, missing: [] });
        for (const client of ann) expect(await client.nextText()).toBe('{"event":"news","data":{"n":1}}');
        expect(await rooms.sendToUser('nobody', 'x')).toEqual({ clients: 0, missing: [] });
        // Of the node that has the small room, whichever was asked.
        await expect(rooms.sendToUser('ann', 'x'.repeat(3_000))).rejects.toMatchObject({ code: 'message_too_large' });
        for (const client of ann.slice(0, 2)) expect(await client.nextText()).toBe('x'.repeat(3_000));
        await expect(rooms.sendToUser('', 'x')).rejects.toMatchObject({ code: 'bad_auth' });
        await expect(rooms.sendToUser('nobody', {} as never)).rejects.toThrow(TypeError);
      }
      const handle = (await one.app.get(JamsocketRooms).of('cat'))[0];
      await handle.sendMessage([1], 'through the handle');
      expect(await cat.nextText()).toBe('through the handle');
      expect(bob.received).toEqual(['welcome']);
      for (const client of [bob, cat, ...ann]) await client.close();
    });

    function join({ ws }: TestApp, room: string, user: string, options: RoomOptions = {}) {
      const member = joinRoom(`${ws}/ws/board/${room}`, {
        WebSocket,
        backoff: { random: () => 0 },
        token: () => user,
        ...options,
      });
      members.push(member);
      const log: string[] = [];
      member.presence.onChange(({ type, person }: PresenceChange) => log.push(`${type} ${person.key}`));
      const until = (isSo: (others: readonly Person<{ x: number }>[]) => boolean) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (!isSo(member.presence.others as readonly Person<{ x: number }>[])) return;
            stop();
            resolve();
          };
          const stop = member.presence.onChange(look);
          look();
        });
      return Object.assign(member, { log, until });
    }

    /** The sockets of a user are lost at the node that has them. */
    function cut(user: string) {
      const clients = [one, two].flatMap(({ app }) =>
        app
          .get(JamsocketRooms)
          .localRooms(BoardRoom)
          .flatMap((room) => [...room.clients.values()]),
      );
      for (const client of clients) if (client.user === user) client.connection?.terminate('test');
    }

    it('show who is in a room to everyone, with tabs on several nodes as one person', async () => {
      const ann = join(one, 'seen', 'ann');
      await ann.opened;
      const bob = join(two, 'seen', 'bob');
      bob.presence.set({ x: 1 });
      await ann.until((others) => others[0]?.value?.x === 1);
      expect(ann.presence.others).toMatchObject([{ key: '@bob', user: 'bob', isAway: false }]);
      ann.presence.set({ x: 2 });
      await bob.until((others) => others[0]?.value?.x === 2);
      const tab = join(two, 'seen', 'ann');
      tab.presence.set({ x: 3 });
      await bob.until((others) => others[0]?.value?.x === 3);
      expect(bob.presence.others).toHaveLength(1);
      expect(bob.presence.others[0].clients).toHaveLength(2);
      await tab.until((others) => others.length === 1);
      expect([tab.presence.others, ann.presence.others].map(([{ key }]) => key)).toEqual(['@bob', '@bob']);
      const refused = new Promise((resolve) => bob.on('exception', resolve));
      bob.presence.set({ x: 'left' });
      expect(await refused).toMatchObject({ issues: [{ path: ['x'] }] });
      tab.close();
      await bob.until(([{ clients }]) => clients.length === 1);
      ann.close();
      await bob.until((others) => others.length === 0);
      expect(bob.log.filter((line) => !line.startsWith('changed'))).toEqual(['here @ann', 'left @ann']);
      bob.close();
    });

    it('show that a connection is lost at the other node, and that it is back', async () => {
      const ann = join(one, 'lost', 'ann');
      await ann.opened;
      const bob = join(two, 'lost', 'bob', { backoff: { minMs: 60_000, maxMs: 60_000, random: () => 0.99 } });
      bob.presence.set({ x: 1 });
      await ann.until((others) => others[0]?.value?.x === 1);
      await bob.until((others) => others.length === 1);
      cut('bob');
      // Nobody is told of a client that is back in the same tick.
      await ann.until(() => ann.log.includes('away @bob'));
      while (bob.connection.status === 'open') await new Promise(setImmediate);
      bob.reconnectNow();
      await ann.until(() => ann.log.includes('back @bob'));
      bob.presence.set({ x: 4 });
      await ann.until((others) => others[0]?.value?.x === 4);
      expect(bob.connection).toMatchObject({ resumed: true });
      expect(bob.log.filter((line) => /^(here|joined|left) /.test(line))).toEqual(['here @ann']);
      ann.close();
      bob.close();
    });
  });
}

describeWith('the in-process hub', async () => {
  const hub = new InProcessHub(new SystemClock());
  return { nodes: (name) => hub.node(name), close: async () => undefined };
});

const program = findRedis();
if (hasServer(program, 'redis-server'))
  describeWith('a real Redis', async () => {
    const server = await startRedis(program, []);
    const redis = new Redis({ port: server.port, host: '127.0.0.1' });
    return {
      nodes: () => new RedisCluster({ redis }),
      close: async () => {
        redis.disconnect();
        await server.stop();
      },
    };
  });

describe('a user of a cluster with a node that does not answer', () => {
  it('is found and reached on the other nodes, and the silent one is named', async () => {
    const hub = new InProcessHub(new SystemClock());
    const silent = hub.node('silent');
    const apps: TestApp[] = [];
    for (const cluster of [hub.node('here'), hub.node('there'), silent])
      apps.push(await startTestApp({ options: { cluster }, providers: [ChatRoom, Names] }));
    const clients = await Promise.all(
      apps.map(({ ws }, at) => TestClient.connect(`${ws}/ws/chat/room${at}?token=ann`)),
    );
    for (const client of clients) await client.until('welcome');
    const rooms = apps[0].app.get(JamsocketRooms);
    silent.isMute = true;
    const [found, sent] = await Promise.all([rooms.of('ann'), rooms.sendToUser('ann', 'hello')]);
    expect(found.map(({ id }) => id).sort()).toEqual(['room0', 'room1']);
    expect(found.missing).toEqual([expect.stringMatching(/:\d+$/)]);
    expect(sent).toEqual({ clients: 2, missing: found.missing });
    for (const client of clients.slice(0, 2)) expect(await client.nextText()).toBe('hello');
    silent.isMute = false;
    for (const client of clients) await client.close();
    for (const app of apps) await app.close();
  });
});
