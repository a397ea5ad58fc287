import {
  Catch,
  createParamDecorator,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConnectedSocket, MessageBody, WsException } from '@nestjs/websockets';
import { IsInt, Min } from 'class-validator';
import {
  Client,
  Ctx,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnDisconnect,
  OnMessage,
  OnResume,
  OnTimer,
  RoomContext,
  RoomId,
} from 'nestjs-jamsocket';
import { EMPTY, map, of, tap, type Observable } from 'rxjs';
import * as v from 'valibot';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp, type TestAppOptions } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
const handlerOf = (context: ExecutionContext) => context.getHandler().name;

@Injectable()
class Dependency {
  readonly word = 'built';
}

/** Each enhancer records its kind and scope, the handler, and whether its constructor ran. */
function enhancers(label: string, scope: Scope) {
  @Injectable({ scope })
  class NotingGuard implements CanActivate {
    constructor(readonly dependency: Dependency) {}
    canActivate(context: ExecutionContext) {
      journal.add(`${label} guard ${this.dependency?.word} ${handlerOf(context)}`);
      return true;
    }
  }

  @Injectable({ scope })
  class NotingPipe implements PipeTransform {
    constructor(readonly dependency: Dependency) {}
    transform(value: unknown) {
      journal.add(`${label} pipe ${this.dependency?.word} ${String(value)}`);
      return value;
    }
  }

  @Injectable({ scope })
  class NotingInterceptor implements NestInterceptor {
    constructor(readonly dependency: Dependency) {}
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      journal.add(`${label} interceptor ${this.dependency?.word} ${handlerOf(context)}`);
      return next.handle().pipe(tap({ complete: () => journal.add(`${label} after ${handlerOf(context)}`) }));
    }
  }

  @Catch()
  @Injectable({ scope })
  class NotingFilter implements ExceptionFilter {
    constructor(readonly dependency: Dependency) {}
    catch(error: Error, _host: ArgumentsHost) {
      journal.add(`${label} filter ${this.dependency?.word} ${error.message}`);
    }
  }

  return { guard: NotingGuard, pipe: NotingPipe, interceptor: NotingInterceptor, filter: NotingFilter };
}

/** A room with every kind of handler, each of which fails when it is told to. */
function roomWith(decorators: { onClass?: ClassDecorator[]; onMethods?: MethodDecorator[] }) {
  class Room {
    failing = false;

    constructor(readonly ctx: JamsocketContext) {}

    connected(client: Client) {
      client.sendMessage('welcome');
    }
    texted(_client: Client, text: string) {
      if (text === 'fail') throw new Error('text failed');
      if (text === 'timer') this.ctx.setTimer(1);
      return `text ${text}`;
    }
    moved(_client: Client, data: unknown) {
      return data;
    }
    bytes(_client: Client, bytes: Buffer) {
      return bytes;
    }
    ticked() {
      journal.add('ticked');
    }
    gone() {
      journal.add('gone');
    }
  }
  const kinds: [keyof Room, MethodDecorator][] = [
    ['connected', OnConnect()],
    ['texted', OnMessage()],
    ['moved', OnMessage('move')],
    ['bytes', OnBinary()],
    ['ticked', OnTimer()],
    ['gone', OnDisconnect()],
  ];
  for (const [name, decorate] of kinds) {
    const descriptor = Object.getOwnPropertyDescriptor(Room.prototype, name)!;
    for (const decorator of [decorate, ...(decorators.onMethods ?? [])]) decorator(Room.prototype, name, descriptor);
  }
  Reflect.defineMetadata('design:paramtypes', [JamsocketContext], Room);
  for (const decorator of [JamsocketService(), ...(decorators.onClass ?? [])]) decorator(Room);
  return Room;
}

/** The kinds of events on which guards run. */
const GUARDED = ['connected', 'texted', 'moved', 'bytes'];

describe('pipes, interceptors and filters run on every kind of handler, guards where a client asks', () => {
  let started: TestApp;
  const start = async (options: TestAppOptions) => {
    started = await startTestApp({ ...options, providers: [Dependency, ...(options.providers ?? [])] });
  };
  beforeEach(() => journal.clear());
  afterEach(() => started.close());

  /** Plays one event of each kind and checks what the enhancers noted. */
  async function expectAllKinds(label: string) {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    client.send('hello');
    await client.until('text hello');
    client.emit('move', 5, 1);
    await client.until('{"event":"move","data":5,"id":1}');
    client.send(Buffer.from('raw'));
    expect(String(await client.next())).toBe('raw');
    client.send('timer');
    await client.until('text timer');
    await journal.has('ticked');
    client.send('fail');
    await journal.has(`${label} filter built text failed`);
    await client.close();
    await journal.has('gone');
    for (const handler of ['connected', 'texted', 'moved', 'bytes', 'ticked', 'gone']) {
      const guards = journal.entries.filter((entry) => entry === `${label} guard built ${handler}`);
      expect([handler, guards.length > 0]).toEqual([handler, GUARDED.includes(handler)]);
      expect(journal.entries).toContain(`${label} interceptor built ${handler}`);
      await journal.has(`${label} after ${handler}`);
    }
    for (const value of ['hello', '5', 'raw']) expect(journal.entries).toContain(`${label} pipe built ${value}`);
    expect(journal.entries.filter((entry) => entry === `${label} guard built connected`)).toHaveLength(1);
  }

  const scopes: [string, Scope][] = [
    ['static', Scope.DEFAULT],
    ['request-scoped', Scope.REQUEST],
    ['transient', Scope.TRANSIENT],
  ];

  it.each(scopes)('%s, on the class', async (label, scope) => {
    const { guard, pipe, interceptor, filter } = enhancers(label, scope);
    const onClass = [UseGuards(guard), UsePipes(pipe), UseInterceptors(interceptor), UseFilters(filter)];
    await start({ providers: [roomWith({ onClass })] });
    await expectAllKinds(label);
  });

  it.each(scopes)('%s, on the methods', async (label, scope) => {
    const { guard, pipe, interceptor, filter } = enhancers(label, scope);
    const onMethods = [UseGuards(guard), UsePipes(pipe), UseInterceptors(interceptor), UseFilters(filter)];
    await start({ providers: [roomWith({ onMethods })] });
    await expectAllKinds(label);
  });

  it.each(scopes.slice(0, 2))('%s, global through APP_GUARD and its kind', async (label, scope) => {
    const { guard, pipe, interceptor, filter } = enhancers(label, scope);
    const providers: Provider[] = [
      { provide: APP_GUARD, useClass: guard, scope },
      { provide: APP_PIPE, useClass: pipe, scope },
      { provide: APP_INTERCEPTOR, useClass: interceptor, scope },
      { provide: APP_FILTER, useClass: filter, scope },
    ];
    await start({ providers: [roomWith({}), ...providers] });
    await expectAllKinds(label);
  });

  it('global through app.useGlobalGuards() and its kind', async () => {
    const { guard, pipe, interceptor, filter } = enhancers('used', Scope.DEFAULT);
    const dependency = new Dependency();
    await start({
      providers: [roomWith({})],
      configure: (app) => {
        app.useGlobalGuards(new guard(dependency));
        app.useGlobalPipes(new pipe(dependency));
        app.useGlobalInterceptors(new interceptor(dependency));
        app.useGlobalFilters(new filter(dependency));
      },
    });
    await expectAllKinds('used');
  });

  it('a guard that refuses a message tells the client so, and the handler does not run', async () => {
    class NoMessages implements CanActivate {
      canActivate = (context: ExecutionContext) => handlerOf(context) !== 'texted';
    }
    await start({ providers: [roomWith({ onClass: [UseGuards(NoMessages)] })] });
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    client.send('hello');
    expect(await client.nextJson()).toEqual({
      event: 'exception',
      data: { status: 'error', code: 'forbidden', message: 'Forbidden resource' },
    });
    await client.close();
  });

  it.each(scopes)('a %s guard that says no to all but a connect keeps no timer and no disconnect', async (_, scope) => {
    @Injectable({ scope })
    class OnlyIn implements CanActivate {
      canActivate(context: ExecutionContext) {
        // Like an ordinary guard, which finds the user on the client.
        return context.switchToWs().getClient<Client>().id === 0;
      }
    }
    const Room = roomWith({ onClass: [UseGuards(OnlyIn)] });
    await start({ providers: [Room] });
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    client.send('hello');
    expect(await client.nextJson()).toMatchObject({ event: 'exception', data: { message: 'Forbidden resource' } });
    started.app.get(JamsocketRooms).localRooms(Room)[0].setTimer(1);
    await journal.has('ticked');
    await client.close();
    await journal.has('gone');
  });

  it.each(['static', 'request-scoped'])(
    'a %s class-level guard protects the door of a class without @OnConnect',
    async (label) => {
      @Injectable({ scope: label === 'static' ? Scope.DEFAULT : Scope.REQUEST })
      class Closed implements CanActivate {
        canActivate = () => false;
      }
      @UseGuards(Closed)
      @JamsocketService()
      class QuietRoom {
        @OnMessage()
        message() {}
      }
      await start({ providers: [QuietRoom] });
      expect(await TestClient.refused(`${started.ws}/ws/room`)).toMatchObject({ status: 403, body: { code: 'guard' } });
    },
  );
});

it('finds scoped enhancers and the pipes of parameters once for each room', async () => {
  @Injectable({ scope: Scope.REQUEST })
  class Admitting implements CanActivate {
    canActivate = () => true;
  }
  @Injectable()
  class Doubling implements PipeTransform {
    transform = (text: string) => text + text;
  }
  @UseGuards(Admitting)
  @JamsocketService()
  class FindingRoom {
    @OnMessage()
    message(@MessageBody(Doubling) text: string) {
      return text;
    }
  }
  const guards = jest.spyOn(GuardsContextCreator.prototype, 'create');
  const pipes = jest.spyOn(PipesContextCreator.prototype, 'createConcreteContext');
  const started = await startTestApp({ providers: [FindingRoom] });
  try {
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    client.send('a');
    expect(await client.nextText()).toBe('aa');
    expect(pipes).toHaveBeenCalled();
    guards.mockClear();
    pipes.mockClear();
    client.send('b');
    expect(await client.nextText()).toBe('bb');
    expect(guards).not.toHaveBeenCalled();
    expect(pipes).not.toHaveBeenCalled();
  } finally {
    guards.mockRestore();
    pipes.mockRestore();
    await started.close();
  }
});

describe('handlers take what Nest gives them', () => {
  class Move {
    @IsInt()
    @Min(0)
    x!: number;
  }
  const UserAgent = createParamDecorator(
    (_: unknown, context: ExecutionContext) => context.switchToWs().getClient<Client>().request.headers['user-agent'],
  );
  const AsyncName = v.objectAsync({
    name: v.pipeAsync(
      v.string(),
      v.checkAsync(async (name) => name !== 'taken', 'is taken'),
    ),
  });

  @JamsocketService()
  class RichRoom {
    @OnConnect()
    connect(@ConnectedSocket() client: Client<string>, @UserAgent() agent: string) {
      client.data = agent;
    }

    @OnMessage('decorated')
    decorated(
      @RoomId() room: string,
      @MessageBody('x') x: number,
      @MessageBody() body: object,
      @Ctx() ctx: JamsocketContext,
      @RoomContext() context: JamsocketContext,
      @ConnectedSocket() client: Client<string>,
    ) {
      return {
        room,
        x,
        body,
        same: ctx.roomId === room && context === ctx,
        size: ctx.clients.size,
        agent: client.data,
      };
    }

    @UsePipes(new ValidationPipe({ transform: true }))
    @OnMessage('dto')
    dto(_client: Client, move: Move) {
      return { isMove: move instanceof Move, x: move.x };
    }

    @OnMessage('schema', v.object({ n: v.number() }))
    schema(_client: Client, { n }: { n: number }) {
      return n + 1;
    }

    @OnMessage('async schema', AsyncName)
    asyncSchema(_client: Client, { name }: { name: string }) {
      return `hello ${name}`;
    }

    @OnMessage('named')
    named() {
      return { event: 'other', data: [1] };
    }

    @OnMessage('stream')
    stream() {
      return of(1, 2, 3);
    }

    @OnMessage('nothing')
    nothing() {
      return undefined;
    }

    @UseInterceptors({
      intercept: (_context: ExecutionContext, next: CallHandler) =>
        next.handle().pipe(map((value: string) => value.toUpperCase())),
    })
    @OnMessage('mapped')
    async mapped() {
      await Promise.resolve();
      return 'quiet';
    }

    @OnMessage('refused')
    refused() {
      throw new WsException('no');
    }

    @OnMessage()
    text(_client: Client, text: string) {
      return text === 'json' ? { plain: true } : text === 'bytes' ? Buffer.from([1, 2]) : `text ${text}`;
    }
  }

  let started: TestApp;
  let client: TestClient;
  beforeEach(async () => {
    started = await startTestApp({ providers: [RichRoom] });
    client = await TestClient.connect(`${started.ws}/ws/lobby`, { headers: { 'user-agent': 'tester' } });
  });
  afterEach(() => started.close());

  async function ask(event: string, data?: unknown, id: unknown = 9) {
    client.emit(event, data, id);
    return client.nextJson();
  }

  it('parameters with decorators, Nest’s, ours and the application’s own', async () => {
    const body = { x: 3, y: 4 };
    expect(await ask('decorated', body)).toEqual({
      event: 'decorated',
      data: { room: 'lobby', x: 3, body, same: true, size: 1, agent: 'tester' },
      id: 9,
    });
  });

  it('a class-validator DTO through ValidationPipe', async () => {
    expect(await ask('dto', { x: 3 })).toEqual({ event: 'dto', data: { isMove: true, x: 3 }, id: 9 });
    expect(await ask('dto', { x: -1 })).toMatchObject({
      event: 'exception',
      data: {
        status: 'error',
        code: 'invalid',
        message: 'x must not be less than 0',
        issues: [{ path: ['x'], message: 'x must not be less than 0' }],
      },
      id: 9,
    });
  });

  it('data checked by a Standard Schema, synchronous or not', async () => {
    expect(await ask('schema', { n: 1 })).toEqual({ event: 'schema', data: 2, id: 9 });
    expect(await ask('schema', { n: 'one' })).toMatchObject({
      event: 'exception',
      data: { issues: [{ path: ['n'] }] },
      id: 9,
    });
    expect(await ask('async schema', { name: 'bob' })).toEqual({ event: 'async schema', data: 'hello bob', id: 9 });
    expect(await ask('async schema', { name: 'taken' })).toMatchObject({
      event: 'exception',
      data: { issues: [{ message: 'is taken' }] },
    });
  });

  it('and what they return is the reply, with the id of the message', async () => {
    expect(await ask('named')).toEqual({ event: 'other', data: [1], id: 9 });
    expect(await ask('mapped', null, 'x')).toEqual({ event: 'mapped', data: 'QUIET', id: 'x' });
    client.emit('nothing', null, 1);
    client.emit('stream', null, 2);
    for (const value of [1, 2, 3]) expect(await client.nextJson()).toEqual({ event: 'stream', data: value, id: 2 });
    expect(await ask('refused')).toEqual({
      event: 'exception',
      data: { status: 'error', code: 'refused', message: 'no' },
      id: 9,
    });
    client.send('hi');
    expect(await client.nextText()).toBe('text hi');
    client.send('json');
    expect(await client.nextJson()).toEqual({ plain: true });
    client.send('bytes');
    expect(await client.next()).toEqual(Buffer.from([1, 2]));
  });

  it('and names of prototype members are events like any other', async () => {
    for (const event of ['__proto__', 'constructor', 'toString']) {
      client.emit(event);
      expect(await client.nextText()).toContain(`text {"event":"${event}"`);
    }
  });
});

describe('with an interceptor of the whole application that wraps every answer', () => {
  const ANSWERS: Readonly<Record<string, () => unknown>> = {
    nothing: () => undefined,
    null: () => null,
    later: () => Promise.resolve(),
    'an empty stream': () => EMPTY,
    'a stream of nothing': () => Promise.resolve(EMPTY),
    text: () => 'welcome',
    'text, later': () => Promise.resolve('welcome'),
    'a stream': () => of('welcome'),
    zero: () => 0,
  };

  @JamsocketService()
  class AnsweringRoom {
    @OnConnect()
    connect({ request }: Client) {
      return ANSWERS[request.query.get('how')!]();
    }

    @OnResume()
    resume() {
      journal.add('resumed');
    }

    @OnMessage()
    message(_client: Client, text: string) {
      return text;
    }
  }

  const Wrapping: NestInterceptor = { intercept: (_context, next) => next.handle().pipe(map((data) => ({ data }))) };

  let started: TestApp;
  beforeAll(async () => {
    journal.clear();
    const configure = (app: INestApplication) => app.useGlobalInterceptors(Wrapping);
    started = await startTestApp({ providers: [AnsweringRoom], configure });
  });
  afterAll(() => started.close());

  const urlOf = (how: string) => `${started.ws}/ws/room?how=${encodeURIComponent(how)}`;

  it.each(['nothing', 'null', 'later', 'an empty stream', 'a stream of nothing'])(
    'a connect that returns %s has no answer',
    async (how) => {
      const client = await TestClient.connect(urlOf(how));
      client.send('hello');
      expect(await client.nextText()).toBe('{"data":"hello"}');
      await client.close();
    },
  );

  it.each([
    ['text', 'welcome'],
    ['text, later', 'welcome'],
    ['a stream', 'welcome'],
    ['zero', 0],
  ])('a connect that returns %s has one', async (how, data) => {
    const client = await TestClient.connect(urlOf(how));
    expect(await client.nextJson()).toEqual({ data });
    await client.close();
  });

  it('nor has a resume', async () => {
    const client = await ResumingClient.connect(urlOf('nothing'));
    await client.cut();
    await client.resume();
    client.confirm();
    await journal.has('resumed');
    client.send('hello');
    expect(await client.next()).toBe('{"data":"hello"}');
    await client.connection.close();
  });
});
