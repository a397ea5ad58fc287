import {
  Controller,
  Get,
  HttpException,
  Injectable,
  Post,
  Req,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportModule } from '@nestjs/passport';
import { MessageBody } from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Request, RequestHandler } from 'express';
import expressSession from 'express-session';
import { IncomingMessage } from 'node:http';
import { JamsocketService, OnConnect, OnMessage, type Client } from 'nestjs-jamsocket';
import request from 'supertest';
import { WebSocket } from 'ws';
import { AuthController } from './support/guards/auth.controller.js';
import { CookieGuard } from './support/guards/cookie.guard.js';
import { CurrentUser } from './support/guards/current-user.decorator.js';
import { joinAsUser } from './support/guards/join-as-user.js';
import { JwtGuard, type User } from './support/guards/jwt.guard.js';
import { JwtStrategy } from './support/guards/passport-jwt.strategy.js';
import { SessionGuard, SESSIONS } from './support/guards/session.guard.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** The user, according to the handler. */
class WhoRoom {
  @OnConnect()
  connect(client: Client) {
    return `${(client.request.user as User | undefined)?.sub} is in`;
  }

  @OnMessage('who')
  who(@CurrentUser() user: User, @MessageBody() greeting: string) {
    return `${greeting} ${user.sub}`;
  }
}

function guarded(path: string, guard: Parameters<typeof UseGuards>[0]) {
  @UseGuards(guard)
  @JamsocketService(path)
  class GuardedRoom extends WhoRoom {}
  return GuardedRoom;
}

const PassportRoom = guarded('passport', AuthGuard('jwt'));
const CookieRoom = guarded('cookie', CookieGuard);
const SessionRoom = guarded('session', SessionGuard);
const JwtRoom = guarded('jwt', JwtGuard);

const Public = () => SetMetadata('isPublic', true);

/** Written like a guard for a whole application: it checks whether the route is public. */
@Injectable()
class GlobalGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly jwt: JwtService,
  ) {}

  canActivate(context: ExecutionContext) {
    if (this.reflector.getAllAndOverride<boolean>('isPublic', [context.getHandler(), context.getClass()])) return true;
    return new JwtGuard(this.jwt).canActivate(context);
  }
}

@JamsocketService('plain')
class PlainRoom extends WhoRoom {}

@Public()
@JamsocketService('open')
class OpenRoom {
  @OnMessage()
  message(_client: Client, text: string) {
    return text;
  }
}

@Controller('who')
class WhoController {
  @Get()
  who(@CurrentUser() user: User) {
    return `hello ${user.sub}`;
  }
}

describe('a global guard as Nest documents it', () => {
  let started: TestApp;
  let headers: Record<string, string>;

  beforeAll(async () => {
    started = await startTestApp({
      imports: [JwtModule.register({ secret: 'secret' })],
      providers: [{ provide: APP_GUARD, useClass: GlobalGuard }, PlainRoom, OpenRoom],
      controllers: [WhoController],
    });
    const token = await started.app.get(JwtService).signAsync({ sub: 'ann' });
    headers = { authorization: `Bearer ${token}` };
  });
  afterAll(() => started.close());

  it('lets clients and requests in only with a token', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/plain/lobby`, { headers });
    expect(await client.nextText()).toBe('ann is in');
    client.emit('who', 'hello', 1);
    expect(await client.nextJson()).toEqual({ event: 'who', data: 'hello ann', id: 1 });
    await client.close();
    const refused = await TestClient.refused(`${started.ws}/ws/plain/lobby`);
    expect(refused).toMatchObject({ status: 401, body: { code: 'guard', message: 'Unauthorized' } });

    const stranger = await TestClient.connect(`${started.ws}/ws/open/lobby`);
    stranger.send('hello');
    expect(await stranger.nextText()).toBe('hello');

    const api = request(started.http);
    await api.get('/who').set(headers).expect(200, 'hello ann');
    await api.get('/who').expect(401);
  });
});

@Controller('session')
class SessionController {
  @Post()
  logIn(@Req() { session }: { session: { user?: User } }) {
    session.user = { sub: 'ann' };
  }

  @UseGuards(SessionGuard)
  @Get()
  who(@CurrentUser() user: User) {
    return user.sub;
  }
}

/** Everything that a guard for HTTP may read. */
class Looking implements CanActivate {
  canActivate(context: ExecutionContext) {
    const http = context.switchToHttp();
    const seen = http.getRequest<Request>();
    if (context.getHandler().name === 'connect') {
      expect(seen).toBeInstanceOf(IncomingMessage);
      expect(seen).toMatchObject({ query: { room: 'red' }, params: { room: 'lobby' } });
      expect(seen.socket.remoteAddress).toBe('127.0.0.1');
      Object.assign(seen, { tenant: 'blue', helper: () => undefined });
    } else {
      expect(seen).toMatchObject({ tenant: 'blue' });
      expect(seen).not.toHaveProperty('helper');
    }
    expect(seen).toMatchObject({ method: 'GET', url: '/ws/looked/lobby?room=red', ip: '127.0.0.1' });
    expect(seen.headers['x-api-key']).toBe('abc');
    expect(seen.get('X-Api-Key')).toBe('abc');
    const response = http.getResponse<{
      setHeader(name: string, value: string): void;
      getHeader(name: string): string;
    }>();
    response.setHeader('X-Looked', 'yes');
    expect(http.getResponse<typeof response>().getHeader('x-looked')).toBe('yes');
    expect(http.getNext<() => void>()()).toBeUndefined();
    return true;
  }
}

@UseGuards(Looking)
@JamsocketService('looked')
class LookedRoom {
  @OnConnect()
  connect() {}

  @OnMessage()
  message(client: Client, text: string) {
    return `${text} ${(client.request as unknown as { tenant: string }).tenant}`;
  }
}

/** Uses request and response as the guard of @nestjs/throttler does. Jest cannot load that CommonJS package here. */
class Throttling implements CanActivate {
  readonly #hits = new Map<string, number>();

  canActivate(context: ExecutionContext) {
    const http = context.switchToHttp();
    const key = `${http.getRequest<{ ip: string }>().ip} ${context.getClass().name} ${context.getHandler().name}`;
    const hits = (this.#hits.get(key) ?? 0) + 1;
    this.#hits.set(key, hits);
    http.getResponse<{ header(name: string, value: number): void }>().header('X-RateLimit-Remaining', 2 - hits);
    if (hits > 2) throw new HttpException('ThrottlerException: Too Many Requests', 429);
    return true;
  }
}

@UseGuards(Throttling)
@JamsocketService('throttled')
class ThrottledRoom {
  @OnConnect()
  connect() {}

  @OnMessage('say')
  say() {
    return 'said';
  }
}

describe('guards that were written for HTTP work on connects and messages', () => {
  let started: TestApp;
  let token: string;

  beforeAll(async () => {
    const sessions = expressSession({ secret: 'secret', resave: false, saveUninitialized: false });
    started = await startTestApp({
      imports: [JwtModule.register({ secret: 'secret' }), PassportModule],
      providers: [
        { provide: SESSIONS, useValue: sessions },
        JwtStrategy,
        PassportRoom,
        CookieRoom,
        SessionRoom,
        JwtRoom,
        LookedRoom,
        ThrottledRoom,
      ],
      controllers: [SessionController, AuthController],
      configure: (app) => app.use(app.get<RequestHandler>(SESSIONS)),
    });
    token = await started.app.get(JwtService).signAsync({ sub: 'ann' });
  });
  afterAll(() => started.close());

  async function expectAnn(path: string, headers: Record<string, string>) {
    const client = await TestClient.connect(`${started.ws}/ws/${path}/lobby`, { headers });
    expect(await client.nextText()).toBe('ann is in');
    client.emit('who', 'hello', 1);
    expect(await client.nextJson()).toEqual({ event: 'who', data: 'hello ann', id: 1 });
    await client.close();
    const wrong = { authorization: 'Bearer x', cookie: 'access_token=x; connect.sid=x' };
    for (const options of [{}, { headers: wrong }])
      expect(await TestClient.refused(`${started.ws}/ws/${path}/lobby`, options)).toMatchObject({ status: 401 });
  }

  it('AuthGuard of passport', () => expectAnn('passport', { authorization: `Bearer ${token}` }));

  it('a token in a cookie', () => expectAnn('cookie', { cookie: `access_token=${token}` }));

  it('a session of express-session', async () => {
    const api = request(started.http);
    const [cookie] = (await api.post('/session').expect(201)).get('Set-Cookie')!;
    await api.get('/session').set('Cookie', cookie).expect(200, 'ann');
    await expectAnn('session', { cookie: cookie.split(';')[0] });
  });

  it('a new token for each connection, as long as the user is logged in', async () => {
    const [cookie] = (await request(started.http).post('/auth/login').expect(201)).get('Set-Cookie')!;
    const refreshToken = cookie.split(';')[0];
    const asked: string[] = [];
    const nodeFetch = globalThis.fetch;
    const join = (cookies: Record<string, string>) => {
      const fetching = jest.spyOn(globalThis, 'fetch').mockImplementationOnce((given, init) => {
        const path = given as string;
        asked.push(path);
        fetching.mockRestore();
        return nodeFetch(`${started.http}${path}`, { ...init, headers: cookies });
      });
      return joinAsUser(`${started.ws}/ws/jwt/lobby`, () => asked.push('log in'), { WebSocket });
    };

    const ann = join({ cookie: refreshToken });
    expect(await ann.request('who', 'hello')).toBe('hello ann');
    ann.close();
    expect(asked).toEqual(['/auth/token']);

    await expect(join({}).opened).rejects.toMatchObject({ code: 'closed' });
    expect(asked).toEqual(['/auth/token', '/auth/token', 'log in']);

    const asAccessToken = { headers: { authorization: `Bearer ${refreshToken.split('=')[1]}` } };
    expect(await TestClient.refused(`${started.ws}/ws/jwt/lobby`, asAccessToken)).toMatchObject({ status: 401 });
  });

  it('what looks at the request, its socket and the response', async () => {
    const headers = { 'x-api-key': 'abc' };
    const client = await TestClient.connect(`${started.ws}/ws/looked/lobby?room=red`, { headers });
    client.send('hello');
    expect(await client.nextText()).toBe('hello blue');
    await client.close();
  });

  it('what throttles', async () => {
    const clients = [];
    for (let at = 0; at < 2; at++) clients.push(await TestClient.connect(`${started.ws}/ws/throttled/lobby`));
    expect(await TestClient.refused(`${started.ws}/ws/throttled/lobby`)).toMatchObject({ status: 429 });
    for (const data of ['said', 'said']) {
      clients[0].emit('say', null, 1);
      expect(await clients[0].nextJson()).toMatchObject({ event: 'say', data });
    }
    clients[0].emit('say', null, 1);
    expect(await clients[0].nextJson()).toMatchObject({
      event: 'exception',
      data: { message: 'ThrottlerException: Too Many Requests' },
    });
  });
});
