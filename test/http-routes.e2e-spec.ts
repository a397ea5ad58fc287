import {
  Controller,
  Get,
  HttpException,
  Injectable,
  Logger,
  Module,
  Param,
  Post,
  Scope,
  UnauthorizedException,
  UseGuards,
  Version,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { WsException } from '@nestjs/websockets';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketConfigurationError,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import { HOSTS, startTestApp, type TestApp, type TestAppOptions } from './support/test-app.js';

const PLATFORMS = HOSTS.filter(({ beside }) => beside === 'nothing');

let created = 0;
const asked: unknown[] = [];

/** Asks as a guard of connects does. */
@Injectable()
class Doorman implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const client = context.switchToWs().getClient<Client>();
    const { request, params } = client;
    asked.push([context.getClass().name, context.getHandler().name, request.ip, request.headers.cookie, params.room]);
    const how = request.query.get('how');
    if (how === '401') throw new UnauthorizedException('who are you?');
    if (how === 'ws') throw new WsException('not today');
    if (how === 'teapot') throw new HttpException({ code: 'teapot' }, 418);
    if (how === 'bug') throw new Error('secret');
    if (how === 'hang') return new Promise(() => undefined);
    return how !== 'no';
  }
}

/** It belongs to the room. */
@Injectable({ scope: Scope.REQUEST })
class RoomDoorman implements CanActivate {
  constructor(private readonly ctx: JamsocketContext) {}

  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getClient<Client>().request.query.get('how') !== 'no' && this.ctx.roomId !== 'shut';
  }
}

@JamsocketService({ limits: { handshakeTimeoutMs: 100 } })
class GuardedRoom {
  @OnCreate()
  create() {
    created++;
  }

  @UseGuards(Doorman)
  @OnConnect()
  connect() {}
}

@UseGuards(RoomDoorman)
@JamsocketService('inner')
class InnerRoom {}

@JamsocketService({ path: 'games/:game/:room' })
class GameRoom {}

@JamsocketService('games/chess')
class ChessRoom {}

@JamsocketService({ path: 'open', origins: ['https://app.example.com'] })
class OpenRoom {}

const PROVIDERS = [GuardedRoom, InnerRoom, GameRoom, ChessRoom, OpenRoom, Doorman, RoomDoorman];

let started: TestApp | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await started?.close();
  started = undefined;
});

describe.each(PLATFORMS)('the HTTP routes, on $platform', (host) => {
  async function start(options: JamsocketOptions, more: Partial<TestAppOptions> = {}): Promise<TestApp> {
    return (started = await startTestApp({ host, options, providers: PROVIDERS, ...more }));
  }

  const post = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(started!.http + path, { method: 'POST', headers });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith('{') ? (JSON.parse(text) as object) : undefined };
  };

  it('are there only where they are asked for', async () => {
    await start({});
    for (const path of ['/ws/a', '/new_room', '/ws/games/go/a', '/new_room/open']) {
      expect([path, (await post(path)).status]).toEqual([path, 404]);
    }
    expect((await fetch(`${started!.http}/status`)).status).toBe(404);
    expect(await started!.app.get(JamsocketRooms).list()).toEqual([]);
  });

  it('make no room for a page or a caller that may not connect to it', async () => {
    await start({ http: true });
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    created = 0;
    const evil = { Origin: 'https://evil.example' };
    for (const path of ['/ws/a', '/new_room', '/ws/games/go/a', '/ws/inner/a', '/new_room/games/chess']) {
      expect([path, await post(path, evil)]).toMatchObject([path, { status: 403, body: { code: 'origin' } }]);
    }
    for (const [how, status, body] of [
      ['no', 403, { code: 'guard' }],
      ['401', 401, { message: 'who are you?' }],
      ['ws', 403, { code: 'guard', message: 'not today' }],
      ['teapot', 418, { code: 'teapot' }],
      ['bug', 500, { message: 'Internal server error' }],
      ['hang', 503, { code: 'handshake_timeout' }],
    ] as const) {
      expect([how, await post(`/ws/a?how=${how}`)]).toMatchObject([how, { status, body }]);
      if (how !== 'hang') expect(await post(`/new_room?how=${how}`)).toMatchObject({ status, body });
    }
    expect(created).toBe(0);
    expect(await started!.app.get(JamsocketRooms).list()).toEqual([]);
  });

  it('ask the guards what they are asked on a connect', async () => {
    await start({ http: true });
    asked.length = 0;
    expect(await post('/ws/caf%C3%A9', { Cookie: 'a=1' })).toMatchObject({ status: 201, text: 'café' });
    const { text: id } = await post('/new_room', { Origin: started!.http });
    expect(asked).toEqual([
      ['GuardedRoom', 'connect', '127.0.0.1', 'a=1', 'café'],
      ['GuardedRoom', 'connect', '127.0.0.1', undefined, id],
    ]);
    expect(await post('/ws/caf%C3%A9')).toMatchObject({ status: 409, body: { code: 'room_exists' } });
    expect(await post('/ws/%00')).toMatchObject({ status: 400, body: { code: 'bad_room_id' } });
    expect(await post('/ws/open/a', { Origin: 'https://app.example.com' })).toMatchObject({ status: 201, text: 'a' });
    expect(await post('/ws/open/b', { Origin: started!.http })).toMatchObject({ status: 403 });
  });

  it('end a room again that its own guards refuse', async () => {
    await start({ http: true });
    const rooms = started!.app.get(JamsocketRooms);
    expect(await post('/ws/inner/a?how=no')).toMatchObject({ status: 403, body: { code: 'guard' } });
    expect(await post('/ws/inner/shut')).toMatchObject({ status: 403, body: { code: 'guard' } });
    expect(await rooms.list()).toEqual([]);
    expect(await post('/ws/inner/a')).toMatchObject({ status: 201, text: 'a' });
    expect(await rooms.find(InnerRoom, 'a')).toBeDefined();
  });

  it('take the more specific service, whatever their order is', async () => {
    await start({ http: true });
    const rooms = started!.app.get(JamsocketRooms);
    expect((await post('/ws/games/chess/a')).status).toBe(201);
    expect((await post('/ws/games/go/b')).status).toBe(201);
    expect([(await rooms.list(ChessRoom)).length, (await rooms.list(GameRoom)).length]).toEqual([1, 1]);
    expect(await rooms.find(GameRoom, { game: 'go', room: 'b' })).toBeDefined();
  });

  it('stand in no Swagger document unless asked; nor do the inspector and the metrics', async () => {
    @Controller('mine')
    class MineController {
      @Get(':id')
      get(@Param('id') id: string) {
        return id;
      }
    }
    const imports = [JamsocketInspectorModule.forRoot(), JamsocketPrometheusModule.forRoot()];
    const documented = async (options: JamsocketOptions) => {
      await start(options, { controllers: [MineController], imports });
      const { paths } = SwaggerModule.createDocument(started!.app, new DocumentBuilder().build());
      await started!.close();
      return paths;
    };
    for (const http of [false, true, { prefix: '/rooms' }]) {
      expect([http, Object.keys(await documented({ http }))]).toEqual([http, ['/mine/{id}']]);
    }
    const paths = await documented({ http: { swagger: true } });
    expect(Object.keys(paths).sort()).toEqual([
      '/mine/{id}',
      '/new_room',
      '/new_room/games/chess',
      '/new_room/inner',
      '/new_room/open',
      '/status',
      '/ws/games/chess/{room}',
      '/ws/games/{game}/{room}',
      '/ws/inner/{room}',
      '/ws/open/{room}',
      '/ws/{room}',
    ]);
    expect(paths['/ws/games/{game}/{room}'].post!.parameters).toMatchObject([
      { name: 'game', in: 'path', required: true },
      { name: 'room', in: 'path', required: true },
    ]);
    started = undefined;
  });

  it('leave a plain GET below the WebSockets to the application, where it has a route', async () => {
    @Controller('ws')
    class MineController {
      @Get('mine/:id')
      get(@Param('id') id: string) {
        return id;
      }
    }
    @Controller('ws')
    class AllController {
      @Get(host.platform === 'express' ? '*rest' : '*')
      all() {
        return 'all';
      }
    }
    const get = async (path: string) => {
      const response = await fetch(started!.http + path);
      return [response.status, await response.text()];
    };
    await start(
      {},
      { controllers: [MineController], configure: (app) => app.setGlobalPrefix('api', { exclude: ['ws/mine/:id'] }) },
    );
    expect(await get('/ws/mine/7')).toEqual([200, '7']);
    expect(await get('/ws/lobby')).toEqual([426, expect.stringContaining('upgrade_required')]);
    await started!.close();
    await start({}, { controllers: [AllController] });
    expect(await get('/ws/lobby')).toEqual([200, 'all']);
    await started!.close();
    // Without a prefix only the services' own paths are ours.
    await start({ path: '/' });
    expect(await get('/inner/a')).toEqual([426, expect.stringContaining('upgrade_required')]);
    expect((await get('/a/b/c/d'))[0]).toBe(404);
  });

  describe('that clash with the application’s are refused at boot, with the cure:', () => {
    const get = (path: string, prefix = ''): Type => {
      @Controller(prefix)
      class Mine {
        @Get(path)
        answer() {
          return 'mine';
        }
      }
      return Mine;
    };
    const postTo = (path: string): Type => {
      @Controller()
      class Mine {
        @Post(path)
        answer() {
          return 'mine';
        }
      }
      return Mine;
    };

    async function mistake(controllers: Type[], options: JamsocketOptions, more: Partial<TestAppOptions> = {}) {
      const outcome: unknown = await start(options, { controllers, ...more }).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) {
        await started!.close();
        started = undefined;
        return undefined;
      }
      if (!(outcome instanceof JamsocketConfigurationError)) throw outcome;
      return outcome.message;
    }

    it('the same path', async () => {
      expect(await mistake([get('status')], { http: true })).toBe(
        'JamsocketModule: its route GET /status clashes with Mine.answer(). ' +
          "Move those of the module with http: { prefix: '/rooms' }, or rename the other.",
      );
      expect(await mistake([get('', 'status')], { http: true })).toContain('GET /status clashes with Mine.answer()');
      expect(await mistake([postTo('ws/:id')], { http: true })).toContain('POST /ws/:room clashes with Mine.answer()');
      expect(await mistake([postTo('new_room')], { http: true })).toContain('POST /new_room');
      expect(await mistake([postTo('ws/games/:kind/:id')], { http: true })).toMatch(/POST \/ws\/games\/.*Mine\.answer/);
    });

    it('not where the routes are off or moved, or the paths are others', async () => {
      expect(await mistake([get('status')], {})).toBeUndefined();
      expect(await mistake([get('status')], { http: { prefix: '/rooms' } })).toBeUndefined();
      const others = [get('status/:id'), get('state'), postTo('status'), postTo('ws'), get('ws/:id')];
      expect(await mistake(others, { http: true })).toBeUndefined();
      const all = host.platform === 'express' ? '*rest' : '*';
      expect(await mistake([get(all)], { http: true })).toEqual(
        host.platform === 'express' ? expect.stringContaining('GET /status clashes with Mine.answer()') : undefined,
      );
    });

    it('a route behind a prefix, a version or a module’s path', async () => {
      const prefixed = { configure: (app: INestApplication) => app.setGlobalPrefix('api', { exclude: ['health'] }) };
      expect(await mistake([get('status')], { http: true }, prefixed)).toContain('GET /api/status');
      const excluded = (app: INestApplication) => app.setGlobalPrefix('api', { exclude: ['api/status'] });
      expect(await mistake([get('api/status')], { http: true }, { configure: excluded })).toContain('GET /api/status');

      const byUri = { configure: (app: INestApplication) => app.enableVersioning({ type: VersioningType.URI }) };
      @Controller()
      class Versioned {
        @Version('1')
        @Get('status')
        answer() {}
      }
      expect(await mistake([Versioned], { http: true })).toContain('Versioned.answer()');
      expect(await mistake([Versioned], { http: true }, byUri)).toBeUndefined();
      expect(await mistake([Versioned], { http: { prefix: '/v1' } }, byUri)).toContain('GET /v1/status');

      @Module({ controllers: [get('status')] })
      class Feature {}
      const routed = (path: string) => ({ imports: [Feature, RouterModule.register([{ path, module: Feature }])] });
      expect(await mistake([], { http: true }, routed('admin'))).toBeUndefined();
      expect(await mistake([], { http: { prefix: '/admin' } }, routed('admin'))).toContain('GET /admin/status');
    });

    it('a route that was registered without Nest', async () => {
      const configure = (app: INestApplication) =>
        void app.getHttpAdapter().get('/status', (_request: unknown, response: { send(text: string): void }) => {
          response.send('mine');
        });
      const message = await mistake([], { http: true }, { configure });
      expect(message).toContain('GET /status clashes with a route that was registered without Nest');
      expect(await mistake([], { http: { prefix: '/rooms' } }, { configure })).toBeUndefined();
    });

    it('a route that only the order would decide about, where the order decides', async () => {
      // The controllers of the application's own module are registered before those of the modules it imports.
      @Module({ controllers: [postTo('ws/upload')] })
      class Uploads {}
      const isByOrder = host.platform === 'express';
      const after = await mistake([], { http: true }, { imports: [Uploads] });
      expect(after !== undefined).toBe(isByOrder);
      expect(await mistake([postTo('ws/upload')], { http: true })).toBeUndefined();
      expect((await mistake([get(':page')], { http: true })) !== undefined).toBe(isByOrder);
    });

    it('the inspector’s and the metrics’ too', async () => {
      const imports = [JamsocketInspectorModule.forRoot(), JamsocketPrometheusModule.forRoot()];
      expect(await mistake([get('inspector')], {}, { imports })).toBe(
        'JamsocketInspectorModule: its route GET /inspector clashes with Mine.answer(). ' +
          "Move the page with the option path: '/rooms-inspector'.",
      );
      expect(await mistake([get('metrics')], {}, { imports })).toContain("path: '/rooms-metrics'");
      const moved = [
        JamsocketInspectorModule.forRoot({ path: 'look' }),
        JamsocketPrometheusModule.forRoot({ path: false }),
      ];
      expect(await mistake([get('inspector'), get('metrics')], {}, { imports: moved })).toBeUndefined();
    });
  });
});
