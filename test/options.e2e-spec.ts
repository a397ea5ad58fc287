import { Injectable, Module, type CanActivate, type DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  type Client,
  type JamsocketOptions,
  type JamsocketServiceOptions,
} from 'nestjs-jamsocket';
import type { AddressInfo } from 'node:net';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** Returns a new class for each test. It greets clients and answers every message. */
function echoRoom(options?: JamsocketServiceOptions | string) {
  @JamsocketService(options)
  class EchoRoom {
    constructor(readonly ctx: JamsocketContext) {}

    @OnConnect()
    connect(client: Client) {
      client.sendMessage('welcome');
    }

    @OnMessage()
    message(_client: Client, text: string) {
      if (text === 'burst') for (let n = 0; n < 3; n++) this.ctx.sendMessage(Broadcast, `burst ${n}`);
      return text;
    }
  }
  return EchoRoom;
}

describe('every option does what it says', () => {
  let started: TestApp;
  afterEach(() => started.close());

  async function start(options: JamsocketOptions, service?: JamsocketServiceOptions) {
    const room = echoRoom(service);
    started = await startTestApp({ providers: [room], options });
    return room;
  }

  async function enter(path = '/ws/room', options = {}): Promise<TestClient> {
    const client = await TestClient.connect(started.ws + path, options);
    await client.until('welcome');
    return client;
  }

  const statusOf = async (path: string, options = {}) => (await TestClient.refused(started.ws + path, options)).status;
  const post = (path: string) => fetch(started.http + path, { method: 'POST' });

  describe('the option', () => {
    it('path is the prefix of the WebSocket paths and of POST', async () => {
      await start({ path: '/real/time', http: true });
      await enter('/real/time/room');
      expect(await statusOf('/ws/room')).toBe(404);
      expect((await post('/real/time/other')).status).toBe(201);
    });

    it('path "/" puts rooms at the root', async () => {
      await start({ path: '/' });
      await enter('/room');
    });

    it.each<[JamsocketOptions['roomIds'], RegExp]>([
      ['api', /^[0-9a-f-]{36}$/],
      ['uuid', /^[0-9a-f-]{36}$/],
      ['short', /^[A-Z]{6}$/],
      ['short3', /^[A-Z]{3}$/],
      [() => 'my-own', /^my-own$/],
    ])('roomIds %p makes rooms by POST only', async (roomIds, form) => {
      await start({ roomIds, http: true });
      expect(await statusOf('/ws/room')).toBe(404);
      const id = await (await post('/new_room')).text();
      expect(id).toMatch(form);
      await enter(`/ws/${id}`);
      expect(await (await post('/ws/chosen')).text()).toBe('chosen');
      await enter('/ws/chosen');
    });

    it('shutdown can be given for all classes and overridden for one', async () => {
      const room = await start({ shutdown: 'immediate' }, { shutdown: 'never' });
      await (await enter()).close();
      await enter('/ws/other');
      expect(await started.app.get(JamsocketRooms).find(room, 'room')).toBeDefined();
    });

    it('heartbeat pings, and drops a peer that says nothing', async () => {
      await start({ heartbeat: { intervalMs: 1_000, timeoutMs: 3_000 } });
      const dead = await enter('/ws/room', { autoPong: false });
      const alive = await enter('/ws/room');
      let pings = 0;
      alive.socket.on('ping', () => (pings += 1));
      const began = performance.now();
      expect((await dead.closed).code).toBe(1006);
      const took = performance.now() - began;
      expect(took).toBeGreaterThan(2_500);
      expect(pings).toBeGreaterThanOrEqual(2);
      alive.send('still here');
      expect(await alive.nextText()).toBe('still here');
    }, 15_000);

    it('origins opens the door to other sites: to all, to a list, or as a function says', async () => {
      const evil = { origin: 'https://evil.example' };
      const good = { origin: 'https://good.example' };
      for (const origins of [
        ['https://good.example'],
        async (origin: string) => origin.endsWith('good.example'),
      ] as JamsocketOptions['origins'][]) {
        await start({ origins });
        await enter('/ws/room', good);
        expect(await statusOf('/ws/room', evil)).toBe(403);
        await started.close();
      }
      await start({ origins: '*' });
      await enter('/ws/room', evil);
    });

    it('http has a prefix and guards of its own, classes among them', async () => {
      @Injectable()
      class Closed implements CanActivate {
        canActivate = () => false;
      }
      await start({ http: { prefix: '/rt', guards: [Closed] } });
      expect((await fetch(`${started.http}/rt/status`)).status).toBe(403);
      expect((await fetch(`${started.http}/status`)).status).toBe(404);
      await started.close();
      await start({ http: { prefix: '/rt' } });
      expect((await post('/rt/new_room')).status).toBe(201);
      expect((await post('/rt/ws/room')).status).toBe(201);
    });

    it.each([{ coalesce: false }, { flushIntervalMs: 20 }])(
      '%j sends the same messages in the same order',
      async (options) => {
        await start(options);
        const client = await enter();
        client.send('burst');
        expect([await client.next(), await client.next(), await client.next(), await client.next()]).toEqual([
          'burst 0',
          'burst 1',
          'burst 2',
          'burst',
        ]);
      },
    );

    it('limits.maxPayloadBytes closes with 1009', async () => {
      await start({ limits: { maxPayloadBytes: 100 } });
      const client = await enter();
      client.send('x'.repeat(100));
      expect(await client.nextText()).toHaveLength(100);
      client.send('x'.repeat(101));
      expect((await client.closed).code).toBe(1009);
    });

    it('limits.maxFragments closes a message of more pieces', async () => {
      await start({ limits: { maxFragments: 4 } });
      const client = await enter();
      for (let n = 0; n < 4; n++) client.socket.send('a', { fin: n === 3 });
      expect(await client.nextText()).toBe('aaaa');
      for (let n = 0; n < 6; n++) client.socket.send('a', { fin: n === 5 });
      expect((await client.closed).code).toBe(1008);
    });

    it('limits.messagesPerSecond closes a client that sends more with 1008', async () => {
      await start({ limits: { messagesPerSecond: { rate: 1, burst: 5 } } });
      const client = await enter();
      for (let n = 0; n < 7; n++) client.send(String(n));
      expect(await client.closed).toEqual({ code: 1008, reason: 'too many messages' });
      expect(client.received.length).toBeLessThanOrEqual(6);
    });

    it('limits.maxClientsPerRoom, maxRooms and maxConnections answer 503', async () => {
      await start({ http: true, limits: { maxClientsPerRoom: 1, maxRooms: 2, maxConnections: 2 } });
      await enter('/ws/a');
      expect((await TestClient.refused(`${started.ws}/ws/a`)).body.code).toBe('room_full');
      await enter('/ws/b');
      expect((await TestClient.refused(`${started.ws}/ws/c`)).body.code).toBe('server_full');
      const answer = await post('/ws/c');
      expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'too_many_rooms' }]);
    });

    it('limits.maxRooms counts the rooms of all classes together', async () => {
      const providers = [echoRoom(), echoRoom('other')];
      started = await startTestApp({ providers, options: { limits: { maxRooms: 2 } } });
      await enter('/ws/a');
      await enter('/ws/other/a');
      expect((await TestClient.refused(`${started.ws}/ws/b`)).body.code).toBe('too_many_rooms');
      expect((await TestClient.refused(`${started.ws}/ws/other/b`)).body.code).toBe('too_many_rooms');
    });

    it('limits.maxRoomIdLength bounds ids, in the path and by POST', async () => {
      await start({ http: true, limits: { maxRoomIdLength: 4 } });
      await enter('/ws/four');
      expect(await statusOf('/ws/fives')).toBe(400);
      expect((await post('/ws/fives')).status).toBe(400);
    });
  });

  describe('forRootAsync', () => {
    async function startModule(jamsocket: DynamicModule) {
      @Module({ imports: [jamsocket], providers: [echoRoom()] })
      class AsyncModule {}
      const module = await Test.createTestingModule({ imports: [AsyncModule] }).compile();
      const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
      await app.listen(0, '127.0.0.1');
      const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
      started = {
        app,
        edge: app,
        ws: `ws://127.0.0.1:${port}`,
        http: `http://127.0.0.1:${port}`,
        close: () => app.close(),
      };
    }

    it('takes options from ConfigService, those of the HTTP routes too', async () => {
      const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ rooms: { path: '/from-config' } })] });
      await startModule(
        JamsocketModule.forRootAsync({
          imports: [config],
          inject: [ConfigService],
          useFactory: (service: ConfigService) => ({
            path: service.getOrThrow<string>('rooms.path'),
            http: { prefix: '/rt' },
          }),
        }),
      );
      await enter('/from-config/room');
      expect((await post('/rt/from-config/other')).status).toBe(201);
    });

    it('takes options from a class', async () => {
      class OptionsFactory {
        createJamsocketOptions(): JamsocketOptions {
          return { path: '/from-class' };
        }
      }
      await startModule(JamsocketModule.forRootAsync({ useClass: OptionsFactory }));
      await enter('/from-class/room');
    });
  });
});
