import { Injectable, Logger, VersioningType, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketObservers,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnMessage,
  OnTimer,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { JamsocketInspectorModule, type JamsocketInspectorOptions } from 'nestjs-jamsocket/inspector';
import request from 'supertest';
import { startDemo } from './support/demo-app.js';
import { InspectorPasswordGuard } from './support/inspector-password.guard.js';
import { InspectorStream } from './support/inspector-stream.js';
import { MoodyStore } from './support/moody-store.js';
import { ResumingClient } from './support/resuming-client.js';
import {
  EXPRESS_ALONE,
  HOSTS,
  startTestApp,
  type Host,
  type TestApp,
  type TestAppOptions,
} from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const FASTIFY = HOSTS.find(({ platform }) => platform === 'fastify') ?? EXPRESS_ALONE;
const ACTION = { 'x-jamsocket-inspector': '1' };
const NOTHING = { in: 0, out: 0, bytesIn: 0, bytesOut: 0, mailbox: 0, buffered: 0, timers: 0 };

@Injectable()
class Dictionary {
  readonly words = ['secret of the provider'];
}

@JamsocketService('talk')
class TalkRoom {
  topic = 'weather';
  readonly scores = new Map<string, number>([['ann', 3]]);

  constructor(
    private readonly ctx: JamsocketContext,
    readonly dictionary: Dictionary,
  ) {}

  @OnConnect()
  connect(client: Client) {
    client.data = { name: 'Ann' };
    client.tag('red');
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'bug') throw new Error('our mistake');
    if (text === 'others') return this.ctx.sendMessage(everyoneExcept(client), 'psst');
    if (text === 'timer') return this.ctx.setTimer(60_000, 'later');
    this.topic = text;
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnMessage('forever')
  async forever() {
    await new Promise(() => undefined);
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    return bytes;
  }

  @OnTimer('later')
  later() {}
}

@JamsocketService('games/:game/:room')
class GameRoom {}

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom {
  @State() total = 0;

  @OnMessage()
  add(_client: Client, text: string) {
    this.total += Number(text);
    return `total ${this.total}`;
  }
}

let started: TestApp | undefined;
const streams: InspectorStream[] = [];
let logged: ReturnType<typeof jest.spyOn>;

beforeAll(() => {
  logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});
afterAll(() => logged.mockRestore());
afterEach(async () => {
  await Promise.all(streams.splice(0).map((stream) => stream.close()));
  await started?.close();
  started = undefined;
});

async function start(
  options: JamsocketInspectorOptions = {},
  host: Host = EXPRESS_ALONE,
  more: Partial<TestAppOptions> = {},
): Promise<TestApp> {
  const imports = [JamsocketInspectorModule.forRoot({ intervalMs: 20, ...options })];
  return (started = await startTestApp({ host, imports, providers: [TalkRoom, GameRoom, Dictionary], ...more }));
}

async function look(app: TestApp, room?: string, path = '/inspector', headers: Record<string, string> = {}) {
  const stream = await InspectorStream.open(app.http + path, room, headers);
  streams.push(stream);
  return stream;
}

async function enter(app: TestApp, path = '/ws/talk/lobby'): Promise<TestClient> {
  const client = await TestClient.connect(app.ws + path);
  if (path.startsWith('/ws/talk/')) await client.until('welcome');
  return client;
}

const observersOf = ({ app }: TestApp) => app.get(JamsocketObservers, { strict: false });
const post = (app: TestApp, path: string) => request(app.http).post(`/inspector/rooms/${path}`);

async function untilNobodyObserves(app: TestApp): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (observersOf(app).current !== null) {
    if (Date.now() > deadline) throw new Error('somebody still observes');
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
}

describe.each([EXPRESS_ALONE, FASTIFY])('the inspector, on $platform', (host) => {
  it('is a page that knows where it is, and that nothing strange can run on', async () => {
    const app = await start({}, host);
    const { text, headers } = await request(app.http).get('/inspector').expect(200);
    expect(text).toMatch(/<meta name="jamsocket-inspector" content="\/inspector" ?\/?>/);
    expect(text).not.toContain('%BASE%');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it('serves the files of the page and no others', async () => {
    const app = await start({}, host);
    const get = (name: string) => request(app.http).get(`/inspector/assets/${name}`);
    const { headers, text } = await get('main.js').expect(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(text.length).toBeGreaterThan(0);
    expect((await get('main.js').set('If-None-Match', headers.etag).expect(304)).text).toBe('');
    expect((await get('inspector.css').expect(200)).headers['content-type']).toBe('text/css; charset=utf-8');
    for (const name of ['index.html', 'nothing.js', '..%2fpackage.json', '%2e%2e%2fpackage.json', 'constructor']) {
      await get(name).expect(404);
    }
  });

  it('shows all rooms at first, then what has changed', async () => {
    const app = await start({}, host);
    const ann = await enter(app);
    const stream = await look(app);
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers['cache-control']).toContain('no-store');
    const overview = await stream.next('overview');
    expect(overview).toMatchObject({
      intervalMs: 20,
      connections: 1,
      services: [
        { name: 'talk', path: '/ws/talk/:room', rooms: 1, clients: 1 },
        { name: 'games', path: '/ws/games/:game/:room', rooms: 0, clients: 0 },
      ],
      isStateShown: false,
    });
    expect(overview.memory.rss).toBeGreaterThan(overview.memory.heapUsed);
    expect(overview.eventLoopDelayMs.max).toBeGreaterThanOrEqual(0);
    const { rooms, ...rest } = await stream.next('rooms');
    expect(rest).toEqual({ isFull: true, gone: [] });
    const talk = { key: 'talk/lobby', service: 'talk', room: 'lobby', clients: 1, away: 0, ...NOTHING };
    expect(rooms).toEqual([{ ...talk, startedAt: expect.any(Number) }]);
    expect(Math.abs(Date.now() - rooms[0].startedAt)).toBeLessThan(60_000);

    const chess = await enter(app, '/ws/games/chess/a%20b');
    const { isFull, rooms: changed } = await stream.next('rooms', (data) => data.rooms.length > 0);
    expect(isFull).toBe(false);
    expect(changed).toEqual([
      expect.objectContaining({ key: 'games/chess%2Fa%2520b', service: 'games', room: 'chess/a%20b', clients: 1 }),
    ]);
    ann.send('1234');
    const busy = await stream.next('rooms', (data) => data.rooms.some((row: { in: number }) => row.in > 0));
    const [row] = busy.rooms;
    expect(busy.rooms).toHaveLength(1);
    expect(row.key).toBe('talk/lobby');
    expect(row.bytesIn / row.in).toBeCloseTo(4, 0);
    await chess.close();
    expect(await stream.next('rooms', (data) => data.gone.length > 0)).toMatchObject({
      gone: ['games/chess%2Fa%2520b'],
    });
    await stream.next('rooms', (data) => data.rooms.length === 0);
  });

  it('counts what goes out once for each client', async () => {
    const app = await start({ intervalMs: 50 }, host);
    const [ann, bob] = [await enter(app), await enter(app)];
    const stream = await look(app);
    await stream.next('rooms');
    ann.send('x'.repeat(100));
    await bob.until('x'.repeat(100));
    const { rooms } = await stream.next('rooms', (data) => data.rooms.some((row: { out: number }) => row.out > 0));
    expect(rooms[0].out / rooms[0].in).toBeCloseTo(2, 0);
    expect(rooms[0].bytesOut / rooms[0].out).toBeCloseTo(100, 0);
  });

  it('shows who is in a room, and its timers', async () => {
    const app = await start({}, host);
    const ann = await enter(app, '/ws/talk/lobby?token=secret');
    ann.send('timer');
    const stream = await look(app, 'talk/lobby');
    const room = await stream.next('room', ({ timers }) => timers.length > 0);
    expect(room).toEqual({
      key: 'talk/lobby',
      isGone: false,
      clientCount: 1,
      mailbox: 0,
      clients: [
        {
          id: 1,
          address: '127.0.0.1',
          isConnected: true,
          joinedAt: expect.any(Number),
          buffered: 0,
          tags: ['red'],
          url: '/ws/talk/lobby',
        },
      ],
      timers: [{ name: 'later', kind: 'timeout', dueInMs: expect.any(Number) }],
    });
    expect(room.timers[0].dueInMs).toBeGreaterThan(30_000);
    expect(Math.abs(Date.now() - room.clients[0].joinedAt)).toBeLessThan(60_000);
    await ann.close();
    expect(await stream.next('room', ({ isGone }) => isGone)).toMatchObject({ clients: [], timers: [] });
  });

  it('shows what is saved of a durable room, and whether its store works', async () => {
    const store = new MoodyStore();
    const app = await start({}, host, { providers: [TalkRoom, LedgerRoom, Dictionary], options: { store } });
    await enter(app);
    const ann = await enter(app, '/ws/ledger/one');
    ann.send('5');
    await ann.until('total 5');
    const stream = await look(app, 'ledger/one');
    expect((await stream.next('overview')).store).toEqual({});
    const { saved } = await stream.next('room', (room) => room.saved.isUnsaved === false);
    expect(saved).toEqual({
      save: 'turn',
      savedAt: expect.any(Number),
      sizes: {
        state: expect.any(Number),
        clientData: expect.any(Number),
        members: expect.any(Number),
        log: expect.any(Number),
      },
      saves: expect.any(Number),
      fence: expect.any(Number),
      isUnsaved: false,
    });
    expect(Math.abs(Date.now() - saved.savedAt)).toBeLessThan(60_000);
    const { fence, record } = await store.claim({ service: 'ledger', key: 'one' }, 'reader');
    expect([saved.fence, saved.saves]).toEqual([fence - 1, record!.sequence]);
    const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(saved.sizes).toEqual({
      state: record!.parts.state.byteLength,
      clientData: record!.parts.data.byteLength,
      members: record!.parts.base.byteLength,
      log: sizeOf(record!.segments.map(({ bytes }) => bytes)),
    });
    expect((await (await look(app, 'talk/lobby')).next('room')).saved).toBeUndefined();

    // Another process has claimed the room: the client is sent away, and the room is restored for the next one.
    ann.send('1');
    await ann.closed;
    const bob = await enter(app, '/ws/ledger/one');
    const back = await stream.next('room', (room) => room.saved?.restored !== undefined);
    expect(back.saved.restored).toEqual({ reason: 'crash', version: 1, savedAt: expect.any(Number) });
    // The page is told by the rooms' clock, the record by that of the wall.
    expect(Math.abs(back.saved.restored.savedAt - saved.savedAt)).toBeLessThan(50);
    store.mood = 'failing';
    bob.send('6');
    const { gated } = (await stream.next('room', (room) => room.saved.gated !== undefined)).saved;
    expect(gated).toEqual({ bytes: expect.any(Number), forMs: expect.any(Number) });
    const { store: away } = await stream.next('overview', (overview) => overview.store.outage !== undefined);
    expect(away.outage).toMatch(/^The store has taken nothing for \d s: the disk is full$/);
    store.mood = 'good';
    await bob.until('total 11');
    await stream.next('overview', (overview) => overview.store.outage === undefined);
  });

  it('shows state, data and queries only where that was asked for', async () => {
    const app = await start({ state: true }, host);
    await enter(app, '/ws/talk/lobby?name=ann');
    const stream = await look(app, 'talk/lobby');
    expect((await stream.next('overview')).isStateShown).toBe(true);
    const { state, clients } = await stream.next('room');
    expect(state).toEqual({ topic: 'weather', scores: { ann: 3 } });
    expect(clients[0]).toMatchObject({ data: { name: 'Ann' }, url: '/ws/talk/lobby?name=ann' });
  });

  it('shows the traffic of a watched room', async () => {
    const app = await start({}, host);
    const stream = await look(app, 'talk/lobby');
    expect(await stream.next('room')).toMatchObject({ isGone: true });
    const ann = await enter(app);
    const bob = await ResumingClient.connect(`${app.ws}/ws/talk/lobby`);
    await bob.until('welcome');
    await enter(app, '/ws/talk/elsewhere');
    ann.send('{ "event": "greet", "data": 1 }');
    await bob.until('{ "event": "greet", "data": 1 }');
    ann.send(Buffer.from([0, 255]));
    await ann.until((message) => message.length === 2);
    ann.send('others');
    await bob.until('psst');
    await bob.cut();
    await bob.resume();
    bob.confirm();
    ann.send('bug');
    await ann.until((message) => message.includes('Internal server error'));
    await ann.close(3000, 'bye');
    const entries: any[] = [];
    while (!entries.some(({ dir }) => dir === 'leave')) entries.push(...(await stream.next('traffic')).entries);
    expect(entries.map(({ n }) => n)).toEqual(entries.map((_, at) => at + 1));
    expect(entries.every(({ at }) => Math.abs(Date.now() - at) < 60_000)).toBe(true);
    const greeting = { kind: 'event', event: 'greet', preview: '{ "event": "greet", "data": 1 }', bytes: 31 };
    expect(entries.map(({ n: _n, at: _at, ...rest }) => rest)).toEqual([
      { dir: 'join', client: '1', preview: '127.0.0.1', bytes: 0 },
      { dir: 'out', to: '1', kind: 'text', preview: 'welcome', bytes: 7 },
      { dir: 'join', client: '2', preview: '127.0.0.1', bytes: 0 },
      { dir: 'out', to: '2', kind: 'text', preview: 'welcome', bytes: 7 },
      { dir: 'in', client: '1', ...greeting },
      { dir: 'out', to: 'everyone', ...greeting },
      { dir: 'in', client: '1', kind: 'binary', preview: '00ff', bytes: 2 },
      { dir: 'out', to: '1', kind: 'binary', preview: '00ff', bytes: 2 },
      { dir: 'in', client: '1', kind: 'text', preview: 'others', bytes: 6 },
      { dir: 'out', to: 'everyone but 1', kind: 'text', preview: 'psst', bytes: 4 },
      { dir: 'lost', client: '2', preview: expect.any(String), bytes: 0 },
      { dir: 'back', client: '2', preview: '127.0.0.1', bytes: 0 },
      { dir: 'in', client: '1', kind: 'text', preview: 'bug', bytes: 3 },
      {
        dir: 'turn-error',
        client: '1',
        handler: 'TalkRoom.message',
        error: 'Error: our mistake',
        preview: '',
        bytes: 0,
      },
      expect.objectContaining({ dir: 'out', to: '1', event: 'exception' }),
      { dir: 'leave', client: '1', preview: '3000 bye', bytes: 0 },
    ]);
  });

  it('shows a handler that takes too long', async () => {
    const app = await start({}, host, { options: { handlerTimeoutMs: 50 } });
    const ann = await enter(app);
    const stream = await look(app, 'talk/lobby');
    await stream.next('room');
    ann.emit('forever');
    const isError = ({ dir }: { dir: string }) => dir === 'turn-error';
    const { entries } = await stream.next('traffic', (traffic) => traffic.entries.some(isError));
    expect(entries.find(isError)).toMatchObject({
      client: '1',
      handler: 'TalkRoom.forever',
      error: 'It has not finished in time; the room moves on without it.',
    });
  });

  it('leaves out what is too much to read, and says how much', async () => {
    const limits = { maxBufferedBytes: 64 * 1_024 * 1_024 };
    const app = await start({ intervalMs: 10_000 }, host, { options: { limits } });
    const ann = await enter(app);
    const stream = await look(app, 'talk/lobby');
    await stream.next('room');
    const bytes = 16_385;
    for (let n = 0; n < 400; n++) ann.send('y'.repeat(bytes));
    for (let n = 0; n < 400; n++) await ann.until('y'.repeat(bytes));
    let [shown, dropped] = [0, 0];
    while (shown + dropped < 800) {
      const traffic = await stream.next('traffic');
      shown += traffic.entries.length;
      dropped += traffic.dropped;
      for (const entry of traffic.entries) expect([entry.preview.length, entry.bytes]).toEqual([1_000, bytes]);
    }
    expect([shown, dropped]).toEqual([500, 300]);
  });

  it('throws a client out, and closes a room', async () => {
    const app = await start({}, host);
    const [ann, bob] = [await enter(app), await enter(app)];
    await post(app, 'talk/lobby/clients/1/kick').set(ACTION).send({}).expect(204);
    expect(await ann.closed).toEqual({ code: 4000, reason: 'kicked by an operator' });
    await post(app, 'talk/lobby/clients/2/kick').set(ACTION).send({ code: 3333, reason: 'out' }).expect(204);
    expect(await bob.closed).toEqual({ code: 3333, reason: 'out' });
    const cat = await enter(app);
    await post(app, 'talk/lobby/close').set(ACTION).send({ reason: 'for today' }).expect(204);
    expect(await cat.closed).toEqual({ code: 1000, reason: 'for today' });
    const chess = await enter(app, '/ws/games/chess/a%20b');
    await post(app, 'games/chess%2Fa%2520b/close').set(ACTION).send({}).expect(204);
    expect(await chess.closed).toEqual({ code: 1000, reason: 'closed by an operator' });
  });

  it('does nothing for a page of another origin, and says what it cannot do', async () => {
    const app = await start({}, host);
    const ann = await enter(app);
    const kick = () => post(app, 'talk/lobby/clients/1/kick');
    await kick().send({}).expect(403);
    await post(app, 'talk/lobby/close').send({}).expect(403);
    // With CORS the application may let it send any header.
    for (const site of ['cross-site', 'same-site']) {
      await kick().set(ACTION).set('Sec-Fetch-Site', site).send({}).expect(403);
      await request(app.http).get('/inspector/events').set('Sec-Fetch-Site', site).expect(403);
    }
    await kick().set(ACTION).send({ code: 1006 }).expect(400);
    await kick()
      .set(ACTION)
      .send({ reason: 'z'.repeat(124) })
      .expect(400);
    await kick().set(ACTION).send({ reason: {} }).expect(400);
    for (const path of ['talk/nowhere/close', 'nothing/lobby/close', '__proto__/lobby/close']) {
      const { body } = await post(app, path).set(ACTION).send({}).expect(404);
      expect(body.message).toBe('There is no such room.');
    }
    for (const id of ['2', '1.5', 'x', ''])
      await post(app, `talk/lobby/clients/${id}/kick`).set(ACTION).send({}).expect(404);
    expect([400, 404]).toContain((await post(app, 'talk/%zz/close').set(ACTION).send({})).status);
    ann.send('still here');
    await ann.until('still here');
  });

  it('answers without guards to the names of this machine only, so that no page of another site gets in', async () => {
    const app = await start({}, host);
    const ann = await enter(app);
    const paths = ['/inspector', '/inspector/assets/main.js', '/inspector/events'];
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.0.2.1', '[::2]', '']) {
      for (const path of paths) {
        const { status, body } = await request(app.http).get(path).set('Host', name);
        expect([name, path, status]).toEqual([name, path, 403]);
        expect((body as { message: string }).message).toContain('guards');
      }
      for (const action of ['talk/lobby/clients/1/kick', 'talk/lobby/close'])
        await post(app, action).set(ACTION).set('Host', name).send({}).expect(403);
    }
    for (const name of ['localhost', 'LOCALHOST:3000', 'app.localhost', '127.0.0.1:80', '127.9.9.9', '[::1]:3000']) {
      await request(app.http).get('/inspector').set('Host', name).expect(200);
    }
    await post(app, 'talk/lobby/clients/1/kick').set(ACTION).set('Host', 'localhost').send({}).expect(204);
    expect((await ann.closed).code).toBe(4000);
  });

  it('answers to any name where guards decide', async () => {
    const app = await start({ guards: [{ canActivate: () => true }] }, host);
    await request(app.http).get('/inspector').set('Host', 'inspector.example').expect(200);
  });

  it('opens no stream for a request without a body to answer with', async () => {
    const app = await start({}, host);
    await request(app.http).head('/inspector/events').expect(200);
    expect(observersOf(app).current).toBeNull();
  });

  it('answers no request that its guards refuse', async () => {
    @Injectable()
    class AdminGuard implements CanActivate {
      canActivate(context: ExecutionContext) {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        return headers.authorization === 'Basic secret';
      }
    }
    const app = await start({ guards: [AdminGuard] }, host);
    const ann = await enter(app);
    const secret = { authorization: 'Basic secret' };
    for (const path of ['', '/assets/main.js', '/events']) await request(app.http).get(`/inspector${path}`).expect(403);
    for (const path of ['lobby/close', 'lobby/clients/1/kick']) {
      await post(app, `talk/${path}`).set(ACTION).send({}).expect(403);
    }
    expect(observersOf(app).current).toBeNull();
    await request(app.http).get('/inspector').set(secret).expect(200);
    await request(app.http).get('/inspector/assets/main.js').set(secret).expect(200);
    await (await look(app, undefined, '/inspector', secret)).next('rooms');
    await post(app, 'talk/lobby/clients/1/kick').set(ACTION).set(secret).send({}).expect(204);
    expect((await ann.closed).code).toBe(4000);
  });

  it('asks a browser for a password, with the guard of its documentation', async () => {
    process.env.INSPECTOR_PASSWORD = 'open: sesame';
    try {
      const app = await start({ guards: [InspectorPasswordGuard] }, host);
      const { headers } = await request(app.http).get('/inspector').expect(401);
      expect(headers['www-authenticate']).toBe('Basic');
      await request(app.http).get('/inspector').auth('anybody', 'open: sesame').expect(200);
      await request(app.http).get('/inspector').auth('anybody', 'open').expect(401);
      delete process.env.INSPECTOR_PASSWORD;
      await request(app.http).get('/inspector').auth('anybody', '').expect(401);
    } finally {
      delete process.env.INSPECTOR_PASSWORD;
    }
  });

  it('follows the global prefix, and has no version', async () => {
    const app = await start({ path: 'ops/rooms' }, host, {
      configure: (nest) => {
        nest.setGlobalPrefix('api');
        nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    });
    const { text } = await request(app.http).get('/api/ops/rooms?a=b').expect(200);
    expect(text).toContain('content="/api/ops/rooms"');
    await request(app.http).get('/api/ops/rooms/assets/main.js').expect(200);
    await (await look(app, undefined, '/api/ops/rooms')).next('rooms');
    await request(app.http).get('/inspector').expect(404);
  });

  it('observes nothing while nobody looks', async () => {
    const app = await start({}, host);
    await enter(app);
    expect(observersOf(app).current).toBeNull();
    const first = await look(app);
    await first.next('rooms');
    expect(observersOf(app).current!.observers).toHaveLength(1);
    const second = await look(app, 'talk/lobby');
    await second.next('room');
    expect(observersOf(app).current!.observers).toHaveLength(1);
    expect(observersOf(app).current!.wantsTurns).toBe(false);
    await first.close();
    await second.next('rooms');
    await second.close();
    await untilNobodyObserves(app);
    await (await look(app)).next('rooms');
    expect(observersOf(app).current!.observers).toHaveLength(1);
  });

  it('ends with the application, which does not wait for it', async () => {
    const app = await start({}, host, { forceCloseConnections: false });
    const stream = await look(app, 'talk/lobby');
    await stream.next('rooms');
    await app.close();
    started = undefined;
    await stream.ended;
    expect(stream.events.at(-1)).toEqual({ event: 'end', data: {} });
    expect(observersOf(app).current).toBeNull();
  });

  it('is open to twenty at a time', async () => {
    const app = await start({}, host);
    for (let n = 0; n < 20; n++) await look(app);
    await expect(look(app)).rejects.toThrow('503');
    await streams.pop()!.close();
    await untilOpen(app);
  });
});

it('the demo has an inspector', async () => {
  started = await startDemo();
  const stream = await look(started);
  expect((await stream.next('overview')).services).toContainEqual({
    name: 'counter',
    path: '/ws/counter/:room',
    rooms: 0,
    clients: 0,
  });
});

async function untilOpen(app: TestApp): Promise<void> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline;) {
    const stream = await look(app).catch(() => undefined);
    if (stream !== undefined) return;
  }
  throw new Error('nobody can look any more');
}
