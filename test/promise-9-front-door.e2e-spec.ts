import {
  ForbiddenException,
  Logger,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { JamsocketRooms, JamsocketService, OnConnect, OnCreate, OnMessage, type Client } from 'nestjs-jamsocket';
import { connect as connectTcp } from 'node:net';
import { io } from 'socket.io-client';
import { HOSTS, startTestApp, WS_GATEWAY_PATH, type TestApp, itOnOneNode } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

let created = 0;

class Doorman implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const client = context.switchToWs().getClient<Client>();
    const how = client.request.query.get('how');
    if (how === 'false') return false;
    if (how === '401') throw new UnauthorizedException('who are you?');
    if (how === '403') return Promise.reject(new ForbiddenException());
    if (how === 'ws') throw new WsException('not today');
    if (how === 'bug') throw new Error('secret');
    if (how === 'hang') return new Promise(() => undefined);
    return true;
  }
}

@JamsocketService({ limits: { handshakeTimeoutMs: 200 } })
class GuardedRoom {
  @OnCreate()
  create() {
    created += 1;
  }

  @UseGuards(Doorman)
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  echo(_client: Client, text: string) {
    return text;
  }
}

@JamsocketService({ path: 'failing' })
class FailingRoom {
  @OnCreate()
  create() {
    throw new Error('secret');
  }
}

@JamsocketService({ path: 'made', roomIds: 'api', limits: { maxClientsPerRoom: 1 } })
class MadeRoom {}

@JamsocketService({ path: 'few', limits: { maxRooms: 1 } })
class FewRoom {}

@JamsocketService({ path: 'games/:game/:room' })
class GameRoom {
  @OnConnect()
  connect(client: Client) {
    client.sendMessage(JSON.stringify([client.params.game, client.params.room]));
  }
}

const PROVIDERS = [GuardedRoom, FailingRoom, MadeRoom, FewRoom, GameRoom];

describe.each(HOSTS)('the front door refuses with HTTP, on $platform beside $beside', (host) => {
  let started: TestApp;

  beforeAll(async () => {
    started = await startTestApp({
      host,
      providers: PROVIDERS,
      options: { http: true, limits: { maxConnectionsPerIp: 6 } },
    });
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await started.close();
  });

  it.each([
    ['/ws/%zz', 400, 'bad_url'],
    ['/ws/%00', 400, 'bad_room_id'],
    [`/ws/${'x'.repeat(129)}`, 400, 'bad_room_id'],
    ['/ws/a?how=false', 403, 'guard'],
    ['/ws/a?how=401', 401, 'guard'],
    ['/ws/a?how=403', 403, 'guard'],
    ['/ws/a?how=ws', 403, 'guard'],
    ['/ws/a?how=bug', 500, 'guard_failed'],
    ['/ws/a?how=hang', 503, 'handshake_timeout'],
    ['/ws/no/such/service', 404, 'no_such_service'],
    ['/ws/', 404, 'no_such_service'],
    ['/ws/made/nobody', 404, 'no_such_room'],
    ['/ws/failing/room', 503, 'room_failed'],
  ])('answers %s with %d %s', async (path, status, code) => {
    created = 0;
    const refused = await TestClient.refused(started.ws + path);
    expect(refused.status).toBe(status);
    expect(refused.headers['content-type']).toContain('application/json');
    expect(refused.body).toMatchObject({ statusCode: status, code });
    expect(JSON.stringify(refused.body)).not.toContain('secret');
    expect(created).toBe(0);
  });

  itOnOneNode('keeps pages of other sites out, and says which option lets them in', async () => {
    const refused = await TestClient.refused(`${started.ws}/ws/a`, { origin: 'https://evil.example' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'origin' } });
    expect(refused.body.message).toContain('"origins"');
    const own = await TestClient.connect(`${started.ws}/ws/a`, { origin: started.http });
    await own.close();
  });

  it('refuses clients beyond its limits', async () => {
    await started.app.get(JamsocketRooms).create(MadeRoom, 'small');
    const first = await TestClient.connect(`${started.ws}/ws/made/small`);
    expect(await TestClient.refused(`${started.ws}/ws/made/small`)).toMatchObject({
      status: 503,
      body: { code: 'room_full' },
    });
    const only = await TestClient.connect(`${started.ws}/ws/few/one`);
    expect(await TestClient.refused(`${started.ws}/ws/few/two`)).toMatchObject({
      status: 503,
      body: { code: 'too_many_rooms' },
    });
    await Promise.all([first.close(), only.close()]);
  });

  it('refuses too many connections of one address with 429, until one of them closes', async () => {
    const clients = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => TestClient.connect(`${started.ws}/ws/crowd${n}`)));
    expect(await TestClient.refused(`${started.ws}/ws/a`)).toMatchObject({
      status: 429,
      body: { code: 'too_many_connections' },
    });
    await Promise.all(clients.map((client) => client.close()));
    const next = await TestClient.connect(`${started.ws}/ws/a`);
    await next.close();
  });

  it.each([
    ['GET', { Host: undefined }, 400],
    ['GET', { Host: undefined, Origin: 'null' }, 400],
    ['GET', { Host: '127.0.0.1\r\nHost: evil.example' }, 400],
    ['GET', { 'Sec-WebSocket-Key': 'short' }, 400],
    ['GET', { 'Sec-WebSocket-Version': '7' }, 426],
    ['GET', { Upgrade: 'h2c' }, 400],
    ['PUT', {}, 405],
    ['GET', { 'Sec-WebSocket-Protocol': 'chat, chat' }, 400],
    ['GET', { 'Sec-WebSocket-Protocol': 'chat,, games' }, 400],
    ['GET', { 'Sec-WebSocket-Protocol': 'not a token' }, 400],
  ])('answers a wrong handshake (%s %j) with %d', async (method, headers, status) => {
    const answer = await rawUpgrade(started, `${method} /ws/a HTTP/1.1`, headers);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"code":"bad_handshake"');
  });

  it('refuses a handshake of HTTP/1.0, whatever its origin', async () => {
    for (const headers of [{ Host: undefined }, { Host: undefined, Origin: 'https://evil.example' }, {}]) {
      const answer = await rawUpgrade(started, 'GET /ws/a HTTP/1.0', headers);
      expect(answer).toMatch(/^HTTP\/1.1 400 .*"code":"bad_handshake"/s);
    }
  });

  it.each([
    ['/ws/a/', {}],
    ['http://app.example.com/ws/a', {}],
    ['ws://app.example.com/ws/a/?how=true', {}],
    ['http://app.example.com/ws/a', { Host: 'other.example', Origin: 'http://app.example.com' }],
    ['/ws/a', { Host: 'app.example.com:443', Origin: 'https://app.example.com' }],
    ['/ws/a', { Host: 'App.Example.com.', Origin: 'http://app.example.com:80' }],
  ])('accepts another spelling of the same origin: %s %j', async (target, headers) => {
    const answer = await rawUpgrade(started, `GET ${target} HTTP/1.1`, headers, true);
    expect(answer).toMatch(/^HTTP\/1.1 101 /);
  });

  it('refuses invalid origins, and ids that no URL can carry', async () => {
    expect(await rawUpgrade(started, 'GET /ws/a HTTP/1.1', { Origin: 'null' })).toContain('"code":"origin"');
    expect(await rawUpgrade(started, 'GET http://a/ws/a HTTP/1.1', { Origin: 'http://localhost' })).toContain(
      '"origin"',
    );
    expect(await rawUpgrade(started, 'GET /ws/.. HTTP/1.1', {})).toContain('"code":"bad_room_id"');
    const rooms = started.app.get(JamsocketRooms);
    for (const room of ['.', '..', '\ud800', 'a\udc00b']) {
      await expect(rooms.create(GuardedRoom, room)).rejects.toMatchObject({ code: 'bad_room_id' });
      await expect(rooms.create(GameRoom, { game: room, room: 'one' })).rejects.toMatchObject({ code: 'bad_room_id' });
      await expect(rooms.find(GameRoom, { game: room, room: 'one' })).rejects.toThrow('parameter "game"');
    }
  });

  it('takes further path parameters, percent-encoded like the rest', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/games/tic%2Ftac/${encodeURIComponent('räume/1')}`);
    expect(await client.nextJson()).toEqual(['tic/tac', 'räume/1']);
    await client.close();
  });

  it('answers a plain GET with 426, and a wrong path with the paths there are', async () => {
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(started.http + path, { method });
      const text = await response.text();
      return { status: response.status, upgrade: response.headers.get('upgrade'), text };
    };
    for (const path of ['/ws/a', '/ws/a/', '/ws/a?token=b', '/ws/games/go/one']) {
      const { status, upgrade, text } = await get(path);
      expect([path, status, upgrade, text]).toEqual([
        path,
        426,
        'websocket',
        expect.stringContaining('"code":"upgrade_required"'),
      ]);
    }
    expect(await get('/ws/%00')).toMatchObject({ status: 400, text: expect.stringContaining('bad_room_id') });
    expect(await get('/ws/no/such/service')).toMatchObject({
      status: 404,
      text: expect.stringContaining('/ws/games/:game/:room'),
    });
    expect(await get('/ws/a', 'PUT')).toMatchObject({ status: 404, upgrade: null });
    expect(await get('/ws')).toMatchObject({ status: 404, upgrade: null });
    expect(await get('/wsx/a')).toMatchObject({ status: 404, upgrade: null });
  });

  it('makes rooms by HTTP, once each', async () => {
    const post = (path: string) => fetch(started.http + path, { method: 'POST' });
    const made = await post('/ws/made/by-http');
    expect([made.status, await made.text(), made.headers.get('content-type')]).toEqual([
      201,
      'by-http',
      'text/plain; charset=utf-8',
    ]);
    const again = await post('/ws/made/by-http');
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ statusCode: 409, code: 'room_exists' });
    const id = await (await post('/new_room/made')).text();
    const client = await TestClient.connect(`${started.ws}/ws/made/${id}`);
    await client.close();
    expect(await (await fetch(`${started.http}/status`)).text()).toBe('ok');
  });

  it('leaves other paths to their owners', async () => {
    const room = await TestClient.connect(`${started.ws}/ws/beside`);
    await room.until('welcome');
    if (host.beside === 'ws gateway') {
      const plain = await TestClient.connect(started.ws + WS_GATEWAY_PATH);
      plain.emit('ping', { n: 1 });
      expect(await plain.nextJson()).toEqual({ event: 'pong', data: { n: 1 } });
      await plain.close();
    } else if (host.beside === 'socket.io gateway') {
      const socket = io(started.http, { transports: ['websocket'] });
      expect(await socket.emitWithAck('ping', { n: 1 })).toEqual({ n: 1 });
      socket.disconnect();
    } else {
      expect(await TestClient.refused(`${started.ws}/elsewhere`)).toMatchObject({ status: 404 });
    }
    room.send('still here');
    expect(await room.nextText()).toBe('still here');
    await room.close();
  });
});

describe('in development, what nobody takes is told', () => {
  @JamsocketService('counter')
  class CounterRoom {
    @OnMessage('add')
    add() {}
    @OnMessage('subtract')
    subtract() {}
  }
  @JamsocketService('mute')
  class MuteRoom {}

  const environment = process.env.NODE_ENV;
  let started: TestApp;
  let warned: jest.SpiedFunction<Logger['warn']>;
  const warnings = () => warned.mock.calls.map(([message]) => String(message));

  beforeAll(async () => {
    warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    started = await startTestApp({ providers: [CounterRoom, MuteRoom] });
  });
  afterEach(() => {
    process.env.NODE_ENV = environment;
    warned.mockClear();
  });
  afterAll(async () => {
    await started.close();
    warned.mockRestore();
  });

  const LIST =
    'Existing paths: /ws/counter/:room, /ws/mute/:room. Is your class with @JamsocketService() listed in the providers of a module?';

  itOnOneNode('a wrong path, to the client and once in the log', async () => {
    for (let n = 0; n < 2; n++) {
      const { body } = await TestClient.refused(`${started.ws}/ws/lobby?token=secret`);
      expect(body.message).toBe(`No room service is at this path. ${LIST}`);
    }
    await fetch(`${started.http}/ws/lobby`);
    expect(warnings()).toEqual([`A client tried to connect to /ws/lobby. No room service is at this path. ${LIST}`]);
    warned.mockClear();
    const { body } = await TestClient.refused(`${started.ws}/elsewhere`);
    expect(body.message).toBe(`There is no WebSocket at this path. ${LIST}`);
    expect(warnings()).toEqual([
      `A client tried to connect to /elsewhere. There is no WebSocket at this path. ${LIST}`,
    ]);
    process.env.NODE_ENV = 'production';
    for (const path of ['/ws/other', '/other']) {
      const { status, body: brief } = await TestClient.refused(started.ws + path);
      expect([status, brief.code, brief.message]).toEqual([404, 'no_such_service', expect.not.stringContaining('/ws')]);
    }
    expect(warnings()).toHaveLength(1);
  });

  it('a message without a handler, once in the log', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/counter/one`);
    const mute = await TestClient.connect(`${started.ws}/ws/mute/one`);
    for (let n = 0; n < 2; n++) {
      client.send('{"event":"re\u202eset"}');
      client.send(Buffer.from([1]));
      mute.send('hello');
      expect(await client.nextJson()).toMatchObject({ event: 'exception' });
    }
    await Promise.all([client.close(), mute.close()]);
    expect(warnings().toSorted((a, b) => a.localeCompare(b))).toEqual([
      'A client of CounterRoom sent a message that no handler takes: it is binary, and the class has no @OnBinary().',
      'A client of CounterRoom sent a message that no handler takes: No handler for the event "re\ufffdset". Events of the class: "add", "subtract".',
      'A client of MuteRoom sent a message that no handler takes: it is text, and the class has no @OnMessage().',
    ]);
  });

  it('no more than so many different ones, and none in production', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/counter/two`);
    for (let n = 0; n < 100; n++) client.send(`{"event":"no${n}"}`);
    for (let n = 0; n < 100; n++) await client.nextJson();
    expect(warnings().length).toBeGreaterThan(10);
    expect(warnings().length).toBeLessThanOrEqual(50);
    warned.mockClear();
    const mute = await TestClient.connect(`${started.ws}/ws/mute/two`);
    process.env.NODE_ENV = 'production';
    mute.send(Buffer.from([1]));
    await Promise.all([client.close(), mute.close()]);
    expect(warnings()).toEqual([]);
  });

  itOnOneNode('that there is no room service at all', async () => {
    const empty = await startTestApp({});
    expect(warnings()).toEqual([expect.stringContaining('The application has no room service')]);
    const { body } = await TestClient.refused(`${empty.ws}/ws/lobby`);
    expect(body.message).toContain('There are no room services.');
    await empty.close();
  });
});

/** Sends an upgrade request and resolves with the answer: all of it, or with `isBrief` the beginning. */
function rawUpgrade({ http }: TestApp, requestLine: string, headers: object, isBrief = false): Promise<string> {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connectTcp(Number(new URL(http).port), '127.0.0.1', () =>
      socket.write(`${requestLine}\r\n${lines.join('')}\r\n`),
    );
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (isBrief) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
