import { describe, expect, it } from '@jest/globals';
import {
  Injectable,
  Module,
  ParseIntPipe,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MessageBody } from '@nestjs/websockets';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type TestRoomOptions } from 'nestjs-jamsocket/testing';
import request from 'supertest';
import { z } from 'zod';
import { Gate } from './support/gate.js';

useLeakGuard();

@Injectable()
class Filter {
  clean(text: string) {
    return text.replace('damn', '****');
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    const client = context.switchToWs().getClient<Client<{ role?: string } | undefined>>();
    if (client.data?.role === 'banned') return false;
    if (client.request.query.get('token') === 'wrong') throw new UnauthorizedException('wrong token');
    return true;
  }
}

@JamsocketService()
class TalkRoom {
  readonly log: string[] = [];
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly filter: Filter,
  ) {}

  @OnCreate()
  create() {
    this.log.push(`create ${this.ctx.roomId}`);
  }

  @OnConnect()
  @UseGuards(TokenGuard)
  async connect(client: Client) {
    await Promise.resolve();
    this.log.push(`connect ${client.id} from ${client.request.ip} as ${client.request.headers['user-agent'] ?? '?'}`);
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'boom') client.close(4000, 'as you wish');
    this.ctx.sendMessage(Broadcast, this.filter.clean(text));
  }

  @OnMessage('add', z.object({ a: z.number(), b: z.number() }))
  add(_client: Client, { a, b }: { a: number; b: number }) {
    return { event: 'sum', data: a + b };
  }

  @OnMessage('square')
  square(@MessageBody(ParseIntPipe) data: number) {
    return { event: 'square', data: data * data };
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }

  @OnDisconnect()
  disconnect(client: Client) {
    this.log.push(`disconnect ${client.id}`);
  }
}

const talkRoom = (options: TestRoomOptions = {}) =>
  createTestRoom(TalkRoom, { roomId: 'lobby', providers: [Filter, TokenGuard], ...options });

describe('A test room', () => {
  it('has run @OnCreate before anyone connects, and its service is the instance', async () => {
    await using room = await talkRoom();
    expect(room.service).toBeInstanceOf(TalkRoom);
    expect(room.service.log).toEqual(['create lobby']);
    expect(room.rooms.localRooms()).toEqual([room.context]);
  });

  it('runs @OnConnect with the request and the data a client comes with', async () => {
    await using room = await talkRoom();
    const bob = await room.connect({
      headers: { 'user-agent': 'tester' },
      query: { token: 'a&b' },
      data: { role: 'admin' },
      ip: '192.0.2.7',
    });
    expect(bob.received).toEqual(['welcome']);
    expect(bob.client.data).toEqual({ role: 'admin' });
    expect(bob.client.request.query.get('token')).toBe('a&b');
    expect(bob.client).toBe(room.context.clients.get(1));
    expect(room.service.log).toContain('connect 1 from 192.0.2.7 as tester');
  });

  it('rejects a connect that a guard refuses, with the status and the body of the HTTP answer', async () => {
    await using room = await talkRoom();
    await expect(room.connect({ query: { token: 'wrong' } })).rejects.toMatchObject({
      name: 'ConnectRefusedError',
      status: 401,
      body: { statusCode: 401, message: 'wrong token' },
    });
    await expect(room.connect({ data: { role: 'banned' } })).rejects.toMatchObject({
      status: 403,
      body: { code: 'guard' },
    });
    expect(room.context.clients.size).toBe(0);
  });

  it('refuses pages of other origins', async () => {
    await using room = await talkRoom();
    await expect(room.connect({ headers: { origin: 'https://evil.example' } })).rejects.toMatchObject({
      status: 403,
      body: { code: 'origin' },
    });
    await room.connect({ headers: { origin: 'http://localhost' } });
  });

  it('runs pipes and schemas, and sends exceptions', async () => {
    await using room = await talkRoom();
    const bob = await room.connect();
    expect(await bob.request('square', '12')).toEqual({ event: 'square', data: 144, id: 'request 1' });
    expect(await bob.request('add', { a: 1, b: 2 })).toMatchObject({ data: 3 });
    const refused = await bob.request('add', { a: 'one' });
    expect(refused).toMatchObject({ event: 'exception', data: { status: 'error' } });
    expect(bob.unread()).toEqual(['welcome']);
  });

  it('carries bytes unchanged, large messages too', async () => {
    await using room = await talkRoom();
    const bob = await room.connect();
    bob.unread();
    bob.send(Buffer.from([0, 255, 128]));
    expect(await bob.next()).toEqual(Buffer.from([0, 255, 128]));
    const large = Buffer.alloc(700_000, 'x');
    bob.send(large);
    expect(large.equals((await bob.next()) as Buffer)).toBe(true);
  });

  it('replaces providers as Test.createTestingModule does', async () => {
    await using room = await talkRoom({
      override: (module) => module.overrideProvider(Filter).useValue({ clean: () => 'overridden' }),
    });
    const bob = await room.connect();
    bob.send('damn');
    expect(await bob.until('overridden')).toBe('overridden');
  });

  it('closes with the codes of production, and says so', async () => {
    await using room = await talkRoom({ options: { limits: { maxPayloadBytes: 1_000 } } });
    const bob = await room.connect();
    const ann = await room.connect();
    bob.send('boom');
    expect(await bob.closed).toEqual({ code: 4000, reason: 'as you wish' });
    expect(bob.isClosed).toBe(true);
    ann.send('x'.repeat(1_001));
    expect(await ann.closed).toMatchObject({ code: 1009 });
  });

  it('has run @OnDisconnect when a client has closed or dropped', async () => {
    await using room = await talkRoom();
    const ann = await room.connect();
    const bob = await room.connect();
    const cem = await room.connect();
    expect(await ann.close(3000, 'bye')).toEqual({ code: 3000, reason: 'bye' });
    expect(room.service.log.at(-1)).toBe('disconnect 1');
    expect(await bob.drop()).toMatchObject({ code: 1006 });
    expect(room.service.log.at(-1)).toBe('disconnect 2');
    expect(room.context.clients.size).toBe(1);
    expect(cem.isClosed).toBe(false);
  });

  it('closes a client that does not read with 1013, without an effect on others', async () => {
    await using room = await talkRoom({ options: { limits: { maxBufferedBytes: 100_000 } } });
    const stuck = await room.connect();
    const ann = await room.connect();
    stuck.pause();
    for (let n = 0; n < 60; n++) {
      ann.send('x'.repeat(10_000));
      await room.settle();
    }
    expect(stuck.client.closed).toMatchObject({ code: 1013 });
    expect(ann.unread()).toHaveLength(61);
    expect(room.context.clients.size).toBe(1);
  });

  it('is made anew for the next client when it has stopped', async () => {
    await using room = await talkRoom();
    const first = room.service;
    await (await room.connect()).close();
    expect(room.isRunning).toBe(false);
    expect(room.service).toBe(first);
    await room.connect();
    expect(room.service).not.toBe(first);
    expect(room.service.log[0]).toBe('create lobby');
  });

  it('has generated ids that are the same in every run', async () => {
    const idsOf = async (seed?: number) => {
      await using room = await talkRoom({ roomId: undefined, seed, options: { roomIds: 'short4' } });
      const other = await room.openRoom(TalkRoom);
      return [room.roomId, other.roomId];
    };
    const ids = await idsOf();
    expect(ids).toEqual([expect.stringMatching(/^[A-Z]{4}$/), expect.stringMatching(/^[A-Z]{4}$/)]);
    expect(await idsOf()).toEqual(ids);
    expect(await idsOf(2)).not.toEqual(ids);
  });

  it('can have a path with parameters, and neighbours of other classes', async () => {
    @JamsocketService('games/:game/:room')
    class GameRoom {
      constructor(private readonly ctx: JamsocketContext) {}
      @OnConnect()
      connect(client: Client) {
        client.emit('params', this.ctx.params);
      }
    }
    await using room = await createTestRoom(GameRoom, {
      providers: [TalkRoom, Filter, TokenGuard],
      params: { game: 'tic tac toe' },
      roomId: 'a/b',
    });
    const player = await room.connect();
    expect(await player.nextJson()).toEqual({ event: 'params', data: { game: 'tic tac toe', room: 'a/b' } });
    const talk = await room.openRoom(TalkRoom, 'side');
    expect((await talk.connect()).received).toEqual(['welcome']);
    expect(await room.rooms.list()).toHaveLength(2);
  });

  it('can be of a module of the application, whose hooks run and whose routes answer', async () => {
    const hooks: string[] = [];
    @Module({ imports: [JamsocketModule.forRoot({ http: true })], providers: [TalkRoom, Filter, TokenGuard] })
    class AppModule {
      onApplicationBootstrap() {
        hooks.push('bootstrap');
      }
      onModuleDestroy() {
        hooks.push('destroy');
      }
    }
    const room = await createTestRoom(TalkRoom, { module: AppModule, roomId: 'lobby' });
    expect(hooks).toEqual(['bootstrap']);
    await request(room.app.getHttpServer() as never)
      .post('/ws/lobby')
      .expect(409);
    await room.close();
    expect(hooks).toEqual(['bootstrap', 'destroy']);
  });

  it('runs on Fastify too', async () => {
    await using room = await talkRoom({ adapter: new FastifyAdapter() });
    expect((await room.connect()).received).toEqual(['welcome']);
  });

  it('says what is not ready, and leaves nothing behind', async () => {
    @JamsocketService()
    class NeverRoom {
      @OnCreate()
      create() {
        return new Gate().opened;
      }
    }
    await expect(createTestRoom(NeverRoom, { patienceMs: 50 })).rejects.toThrow(
      'NeverRoom was not ready after 50 ms of real time',
    );
  });

  it('fails with the error of @OnCreate', async () => {
    @JamsocketService()
    class BrokenRoom {
      @OnCreate()
      create() {
        throw new Error('no database');
      }
    }
    await expect(createTestRoom(BrokenRoom, { logger: false })).rejects.toThrow('no database');
  });

  it('waits for a handler that waits for something real, and says which if it takes too long', async () => {
    const gate = new Gate();
    @JamsocketService()
    class SlowRoom {
      handled = 0;
      @OnMessage()
      async message(_client: Client, text: string) {
        if (text === 'forever') await gate.opened;
        else await new Promise((resolve) => setTimeout(resolve, 30));
        this.handled += 1;
      }
    }
    await using room = await createTestRoom(SlowRoom, { roomId: 'one', patienceMs: 300 });
    const bob = await room.connect();
    bob.send('soon');
    await room.settle();
    expect(room.service.handled).toBe(1);
    bob.send('forever');
    await expect(room.settle()).rejects.toThrow('a handler of SlowRoom "one" has still not finished');
    gate.open();
  });
});
