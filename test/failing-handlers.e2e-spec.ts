import {
  BadGatewayException,
  Catch,
  ForbiddenException,
  HttpException,
  Injectable,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
  UseFilters,
  UseGuards,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type OnModuleDestroy,
} from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { WsException } from '@nestjs/websockets';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  RefusedError,
  type Client,
} from 'nestjs-jamsocket';
import { from, throwError, type Observable } from 'rxjs';
import { Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const HANDLER_TIMEOUT_MS = 100;
const KINDS = ['create', 'connect', 'message', 'event', 'binary', 'timer', 'disconnect', 'destroy'] as const;
type Kind = (typeof KINDS)[number];

class Hostile {
  toString(): string {
    throw new Error('not even that');
  }
}

/** Nothing can be asked of it: `instanceof`, `typeof value.then` and all else throw. */
function unreadable(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/* eslint-disable typescript/only-throw-error, typescript/prefer-promise-reject-errors */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  'throws an Error': () => {
    throw new Error('as expected');
  },
  'throws a string': () => {
    throw 'just a string';
  },
  'throws nothing': () => {
    throw undefined;
  },
  'throws what cannot be printed': () => {
    throw Object.create(null);
  },
  'throws what refuses to be printed': () => {
    throw new Hostile();
  },
  'throws what cannot be sent': () => {
    throw new WsException({ status: 'error', message: 10n });
  },
  'throws an HttpException that cannot be sent': () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    throw new HttpException(loop, 400);
  },
  'throws what cannot be looked at': () => {
    throw unreadable();
  },
  'throws an HttpException without a status': () => {
    throw new (class extends HttpException {
      override getStatus(): number {
        throw new Error('no status');
      }
    })('no', 400);
  },
  'rejects with what cannot be looked at': () => Promise.reject(unreadable()),
  'gives what cannot be looked at': () => unreadable(),
  rejects: () => Promise.reject(new Error('as expected')),
  'rejects with nothing': () => Promise.reject(),
  'returns what cannot be sent': () => ({ event: 'big', data: 10n }),
  'returns a stream that fails': (): Observable<unknown> => throwError(() => new Error('as expected')),
  'returns a stream of what cannot be looked at': (): Observable<unknown> => from([unreadable()]),
  'returns a stream of what cannot be sent': (): Observable<unknown> => from([10n]),
  'never ends': () => new Promise(() => undefined),
};
/* eslint-enable typescript/only-throw-error, typescript/prefer-promise-reject-errors */

/** Where the client sees the failure of a connect. */
const CONNECT_CODES: Readonly<Record<string, number>> = {
  'throws what cannot be sent': 4403,
  'throws an HttpException that cannot be sent': 4400,
};

/** A room with the id `<kind>~<failure>` fails in this way, once. */
const failed = new Set<string>();

@JamsocketService({ handlerTimeoutMs: HANDLER_TIMEOUT_MS, limits: { handshakeTimeoutMs: 2_000 } })
class FailingRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    return this.failIf('create');
  }
  @OnConnect()
  connect() {
    return this.failIf('connect');
  }
  @OnMessage()
  message(_client: Client, text: string): unknown {
    if (text.startsWith('echo')) return text;
    if (text === 'timer') return this.ctx.setTimer(1);
    return this.failIf('message');
  }
  @OnMessage('event')
  event() {
    return this.failIf('event');
  }
  @OnBinary()
  binary() {
    return this.failIf('binary');
  }
  @OnTimer()
  ring() {
    return this.failIf('timer');
  }
  @OnDisconnect()
  disconnect() {
    return this.failIf('disconnect');
  }
  @OnDestroy()
  destroy() {
    return this.failIf('destroy');
  }

  private failIf(now: Kind): unknown {
    const [kind, how] = this.ctx.roomId.split('~');
    if (kind !== now || failed.has(this.ctx.roomId)) return undefined;
    failed.add(this.ctx.roomId);
    return FAILURES[how]();
  }
}

class FailingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { roomId } = context.switchToWs().getClient<Client>();
    return FAILURES[roomId]() as never;
  }
}

class FailingAsyncGuard extends FailingGuard {
  override canActivate(context: ExecutionContext): never {
    return Promise.resolve().then(() => super.canActivate(context)) as never;
  }
}

@JamsocketService('guarded')
class GuardedRoom {
  @UseGuards(FailingGuard)
  @OnConnect()
  connect() {}
}

@JamsocketService('later')
class GuardedLaterRoom {
  @UseGuards(FailingAsyncGuard)
  @OnConnect()
  connect() {}
}

@Catch()
class FailingFilter implements ExceptionFilter {
  catch(error: Error) {
    if (error.message === 'later') return Promise.reject(new Error('an async filter fails'));
    throw new Error('a filter fails');
  }
}

@Injectable()
class FailingProvider implements OnModuleDestroy {
  constructor(readonly ctx: JamsocketContext) {}

  onModuleDestroy() {
    throw new Error('a provider cannot be destroyed');
  }
}

@JamsocketService('filtered')
class FilteredRoom {
  constructor(readonly provider: FailingProvider) {}

  @UseFilters(FailingFilter)
  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'echo') return text;
    throw new Error(text);
  }
}

describe('a handler that fails, however it does, harms nobody', () => {
  let started: TestApp;
  beforeAll(async () => {
    started = await startTestApp({
      providers: [FailingRoom, GuardedRoom, GuardedLaterRoom, FilteredRoom, FailingProvider],
    });
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await started.close();
  });

  const urlOf = (roomId: string) => `${started.ws}/ws/${encodeURIComponent(roomId)}`;

  async function provoke(kind: Kind, client: TestClient): Promise<void> {
    if (kind === 'message') client.send('fail');
    if (kind === 'event') client.emit('event', null, 1);
    if (kind === 'binary') client.send(Buffer.from('bytes'));
    if (kind === 'timer') client.send('timer');
    await echo(client);
  }

  async function echo(client: TestClient): Promise<void> {
    client.send('echo');
    await client.until('echo');
  }

  async function untilGone(roomId: string): Promise<void> {
    const rooms = started.app.get(JamsocketRooms);
    const deadline = performance.now() + 2_000;
    while (rooms.localRooms().some((room) => room.roomId === roomId)) {
      if (performance.now() > deadline) throw new Error(`room ${roomId} is still there`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  const cases = KINDS.flatMap((kind) => Object.keys(FAILURES).map((how) => [kind, how] as const));

  it.each(cases)('the %s handler %s', async (kind, how) => {
    const url = urlOf(`${kind}~${how}`);
    // Nobody gets its result as a reply.
    const isFine = how.startsWith('returns');
    if (kind === 'create' && !isFine) {
      expect(await TestClient.refused(url)).toMatchObject({ status: 503, body: { code: 'room_failed' } });
    }
    const first = await TestClient.connect(url);
    if (kind === 'connect' && how !== 'never ends') expect((await first.closed).code).toBe(CONNECT_CODES[how] ?? 1011);
    const witness = await TestClient.connect(url);
    if (first.socket.readyState === first.socket.OPEN) await provoke(kind, first);
    await echo(witness);
    await Promise.all([first.close(), witness.close()]);
    await untilGone(`${kind}~${how}`);
    const next = await TestClient.connect(url);
    await echo(next);
    await next.close();
  });

  it.each(['now', 'later'])('a filter that fails itself, %s, and a provider that cannot be destroyed', async (when) => {
    const client = await TestClient.connect(`${started.ws}/ws/filtered/filtered~${when}`);
    client.send(when);
    expect(await client.nextJson()).toMatchObject({ event: 'exception', data: { message: 'Internal server error' } });
    await echo(client);
    await client.close();
    await untilGone(`filtered~${when}`);
    const next = await TestClient.connect(`${started.ws}/ws/filtered/filtered~${when}`);
    await echo(next);
    await next.close();
  });

  const refusing = Object.keys(FAILURES).filter((how) => how.startsWith('throws') || how.startsWith('rejects'));

  it.each(refusing)('a guard on connect that %s', async (how) => {
    for (const service of ['guarded', 'later']) {
      const { status } = await TestClient.refused(`${started.ws}/ws/${service}/${encodeURIComponent(how)}`);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});

const journal = new Journal();

const REFUSALS: Readonly<Record<string, () => unknown>> = {
  ForbiddenException: () => new ForbiddenException('banned'),
  NotFoundException: () => new NotFoundException({ code: 'no_such_game', message: 'There is no such game.' }),
  'a timeout': () => new HttpException('too slow', 408),
  'a redirect': () => new HttpException('elsewhere', 302),
  'no status': () => new HttpException('odd', Number.NaN),
  WsException: () => new WsException('no'),
  ServiceUnavailableException: () => new ServiceUnavailableException(),
  'a refusal that says when': () => new RefusedError(503, 'room_busy', 'Busy.', { 'Retry-After': '7' }),
  BadGatewayException: () => new BadGatewayException(),
  Error: () => new Error('a bug'),
  'what cannot be looked at': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

@JamsocketService()
class PickyRoom {
  @OnConnect()
  async connect({ request }: Client) {
    await Promise.resolve();
    const refusal = REFUSALS[request.query.get('how') ?? ''];
    if (refusal !== undefined) throw refusal();
  }
  @OnMessage()
  message(client: Client, text: string) {
    journal.add(`${client.id} says ${text}`);
  }
  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`${client.id} left with ${client.closed?.code}`);
  }
}

class OddGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    throw REFUSALS[context.switchToWs().getClient<Client>().roomId]();
  }
}

@JamsocketService('odd')
class OddRoom {
  @UseGuards(OddGuard)
  @OnConnect()
  connect() {}
}

describe('the close code after an @OnConnect that throws says whether to come again, as at the front door', () => {
  let started: TestApp;
  beforeAll(async () => {
    started = await startTestApp({ providers: [PickyRoom, OddRoom] });
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await started.close();
  });

  it.each([
    ['ForbiddenException', 4403, { code: 'connect' }],
    ['NotFoundException', 4404, { code: 'no_such_game' }],
    ['a timeout', 4408, { code: 'connect' }],
    ['a redirect', 4403, { code: 'connect' }],
    ['no status', 1011, { code: 'connect_failed' }],
    ['WsException', 4403, { code: 'connect' }],
    ['ServiceUnavailableException', 1013, { code: 'connect' }],
    ['a refusal that says when', 1013, { code: 'room_busy', retryAfter: 7 }],
    ['BadGatewayException', 1011, { code: 'connect' }],
    ['Error', 1011, { code: 'connect_failed' }],
  ])('%s: %i', async (how, code, reason) => {
    journal.clear();
    const client = await TestClient.connect(`${started.ws}/ws/${how.length}?how=${encodeURIComponent(how)}`);
    client.send('hello');
    const closed = await client.closed;
    expect({ code: closed.code, reason: JSON.parse(closed.reason) as unknown }).toEqual({ code, reason });
    // It has been closed, and its messages since then are ignored.
    await journal.has(`1 left with ${code}`);
    expect(journal.entries).toEqual([`1 left with ${code}`]);
  });

  it.each(['no status', 'what cannot be looked at'])('a guard that throws %s is a 500', async (how) => {
    expect(await TestClient.refused(`${started.ws}/ws/odd/${encodeURIComponent(how)}`)).toMatchObject({
      status: 500,
      body: { code: 'guard_failed' },
    });
  });
});
