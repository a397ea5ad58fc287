import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Scope,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
  type Type,
} from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { OnEvent } from '@nestjs/event-emitter';
import { Cron, Interval, Timeout } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  type Client,
  defineContract,
  JamsocketConfigurationError,
  JamsocketContext,
  JamsocketModule,
  type JamsocketOptions,
  JamsocketService,
  OnConnect,
  OnMessage,
  OnTimer,
  Presence,
  RoomContext,
  SharedState,
  State,
} from 'nestjs-jamsocket';
import { z } from 'zod';

async function mistakeOf(
  providers: Provider[],
  options?: JamsocketOptions,
  imports: Type[] = [],
  controllers: Type[] = [],
): Promise<string> {
  const module = Test.createTestingModule({
    imports: [JamsocketModule.forRoot(options), ...imports],
    providers,
    controllers,
  });
  const error: unknown = await module
    .compile()
    .then((compiled) => compiled.init())
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(JamsocketConfigurationError);
  return (error as Error).message;
}

@JamsocketService()
class FirstRoom {
  @OnConnect()
  connect() {}
}

describe('a mistake is caught at boot, with an error that names it and the cure', () => {
  it('two default services', async () => {
    @JamsocketService()
    class SecondRoom {}
    expect(await mistakeOf([FirstRoom, SecondRoom])).toBe(
      "FirstRoom and SecondRoom are both the default service. Give one of them a path, as in @JamsocketService('secondroom').",
    );
  });

  it('the same path twice, also with parameters of other names', async () => {
    @JamsocketService({ path: 'games/:game/:room' })
    class Chess {}
    @JamsocketService({ path: '/games/:kind/:room' })
    class Go {}
    expect(await mistakeOf([Chess, Go])).toBe(
      'Chess and Go have the same path "/games/:kind/:room". Give one of them another.',
    );
  });

  it('a handler on a class that is not a room service', async () => {
    @Injectable()
    class Forgotten {
      @OnMessage('move')
      move() {}
    }
    expect(await mistakeOf([Forgotten])).toBe(
      "Forgotten has @OnMessage('move') on move() but is not a room service: decorate the class with @JamsocketService().",
    );
  });

  it('an undecorated subclass of a service', async () => {
    class Heir extends FirstRoom {}
    expect(await mistakeOf([Heir])).toContain('Heir has @OnConnect() on connect() but is not a room service');
  });

  it('@Injectable() over ours', async () => {
    @Injectable()
    @JamsocketService('single')
    class SingleRoom {}
    expect(await mistakeOf([SingleRoom])).toContain('SingleRoom would have one instance for all rooms');
    expect(await mistakeOf([SingleRoom])).toContain('remove @Injectable() from the class');
  });

  it('a provider that gives the class another scope', async () => {
    @JamsocketService('scoped')
    class ScopedRoom {}
    expect(await mistakeOf([{ provide: 'ROOM', useClass: ScopedRoom, scope: Scope.TRANSIENT }])).toContain(
      'ScopedRoom would have one instance',
    );
  });

  it('a class in the providers of two modules', async () => {
    @Module({ providers: [FirstRoom] })
    class OtherModule {}
    expect(await mistakeOf([FirstRoom], undefined, [OtherModule])).toMatch(
      /FirstRoom is listed in the providers of \w+ and of \w+: list it in only one/,
    );
  });

  it('two handlers for the same thing', async () => {
    @JamsocketService('twins')
    class Twins {
      @OnConnect()
      first() {}
      @OnConnect()
      second() {}
    }
    @JamsocketService('events')
    class Events {
      @OnMessage('move')
      first() {}
      @OnMessage('move')
      second() {}
    }
    @JamsocketService('timers')
    class Timers {
      @OnTimer()
      first() {}
      @OnTimer()
      second() {}
    }
    expect(await mistakeOf([Twins])).toBe(
      'Twins has @OnConnect() on both first() and second(): keep one of them, and call the other from it.',
    );
    expect(await mistakeOf([Events])).toContain("Events has @OnMessage('move') on both first() and second()");
    expect(await mistakeOf([Timers])).toContain("Timers has @OnTimer('default') on both first() and second()");
  });

  it('an invalid schema', async () => {
    @JamsocketService('schemas')
    class Schemas {
      @OnMessage('move', { parse: () => 1 } as never)
      move() {}
    }
    expect(await mistakeOf([Schemas])).toContain(
      "Schemas has @OnMessage('move') on move() with a schema that is not a Standard Schema",
    );
  });

  it.each([
    ['games/:game', 'has parameters and must end in "/:room"'],
    ['a b', '"a b" in the path "a b" is neither a word nor a parameter'],
    ['x/:room/:room', 'has the same name as another'],
  ])('the path "%s"', async (path, mistake) => {
    @JamsocketService({ path })
    class Lost {}
    expect(await mistakeOf([Lost])).toContain(mistake);
    expect(await mistakeOf([Lost])).toContain('@JamsocketService() on Lost');
  });

  it('a bad option, of the module or of a class', async () => {
    expect(await mistakeOf([], { heartbeat: { intervalMs: 5 } })).toBe(
      'JamsocketModule.forRoot: options.heartbeat.intervalMs is 5, but must be a whole number from 1000 to 2147483647.',
    );
    @JamsocketService({ limits: { maxPayloadBytes: 2 ** 32 } })
    class Greedy {}
    expect(await mistakeOf([Greedy])).toContain(
      '@JamsocketService() on Greedy: options.limits.maxPayloadBytes is 4294967296, but must be',
    );
  });

  it('two services of one name', async () => {
    @JamsocketService('default')
    class SecondRoom {}
    @JamsocketService('games')
    class AllGames {}
    @JamsocketService('games/:game/:room')
    class OneGame {}
    expect(await mistakeOf([FirstRoom, SecondRoom])).toContain(
      'FirstRoom at "/:room" and SecondRoom at "/default/:room" are both named "default"',
    );
    expect(await mistakeOf([AllGames, OneGame])).toContain(
      'AllGames at "/games/:room" and OneGame at "/games/:game/:room" are both named "games"',
    );
    @JamsocketService('games/chess')
    class Chess {}
    await Test.createTestingModule({ imports: [JamsocketModule.forRoot()], providers: [AllGames, Chess] }).compile();
  });

  const SOON = new Date(Date.now() + 60_000);
  const PAST = new Date(0);
  it.each<[string, MethodDecorator, string]>([
    [
      '@Cron of no expression',
      Cron('not a cron'),
      "@Cron on tick() that cannot run: cron does not accept 'not a cron'",
    ],
    ['@Cron of no day', Cron('0 0 31 2 *'), 'No execution date was found'],
    ['@Cron in no time zone', Cron('* * * * *', { timeZone: 'Mars/Base' }), "in the time zone 'Mars/Base'"],
    ['@Cron with a bad offset', Cron('* * * * *', { utcOffset: NaN }), 'cron does not accept'],
    [
      '@Cron with two zones',
      Cron('* * * * *', { timeZone: 'UTC', utcOffset: 0 } as never),
      'both timeZone and utcOffset',
    ],
    ['@Cron of nothing', Cron(undefined as never), 'undefined is not a cron expression, a Date or a DateTime'],
    ['@Cron of no date', Cron(new Date(NaN)), 'its date is invalid'],
    ['@Cron with a bad delay', Cron(SOON, { initialDelay: -1 }), 'its initialDelay is -1'],
    ['@Interval(NaN)', Interval(NaN), '@Interval on tick() that cannot run: its time is NaN, but must be a number'],
    ['@Interval(-1)', Interval(-1), 'its time is -1'],
    ['@Interval(Infinity)', Interval(Infinity), 'its time is Infinity'],
    ['@Interval without time', Interval('name', undefined as never), 'its time is undefined'],
    ['@Timeout of text', Timeout('name', '5' as never), "@Timeout on tick() that cannot run: its time is '5'"],
  ])('%s', async (_what, decorator, mistake) => {
    class Scheduled {
      tick() {}
    }
    decorator(Scheduled.prototype, 'tick', Object.getOwnPropertyDescriptor(Scheduled.prototype, 'tick')!);
    JamsocketService('scheduled')(Scheduled);
    expect(await mistakeOf([Scheduled])).toContain('Scheduled has @');
    expect(await mistakeOf([Scheduled])).toContain(mistake);
  });

  it('two schedules of one name, but not of two types, nor a date that has passed', async () => {
    @JamsocketService('intervals')
    class Intervals {
      @Interval('tick', 1_000)
      first() {}
      @Interval(1_000)
      tick() {}
    }
    @JamsocketService('timeouts')
    class Timeouts {
      @OnTimer('end')
      first() {}
      @Timeout('end', 1_000)
      second() {}
    }
    @JamsocketService('fine')
    class Fine {
      @Interval('tick', 1_000)
      first() {}
      @Timeout('tick', 30 * 24 * 3_600_000)
      second() {}
      @Cron(PAST, { name: 'tick' })
      third() {}
      @OnTimer('third')
      fourth() {}
    }
    expect(await mistakeOf([Intervals])).toBe(
      'Intervals has @Interval on first() and @Interval on tick() with the same name "tick": rename one of them.',
    );
    expect(await mistakeOf([Timeouts])).toBe(
      'Timeouts has @OnTimer(\'end\') on first() and @Timeout on second() with the same name "end": rename one of them.',
    );
    await Test.createTestingModule({ imports: [JamsocketModule.forRoot()], providers: [Fine] }).compile();
  });

  it('the module configured twice', async () => {
    @Module({ imports: [JamsocketModule.forRoot({ path: '/other' })] })
    class FeatureModule {}
    expect(await mistakeOf([], undefined, [FeatureModule])).toContain(
      'JamsocketModule is configured 2 times. Call forRoot() or forRootAsync() once',
    );
  });
});

describe('what belongs to a room is not for singletons', () => {
  @Injectable()
  class Scores {
    constructor(readonly ctx: JamsocketContext) {}
  }

  @JamsocketService('scored')
  class ScoredRoom {
    constructor(readonly scores: Scores) {}
  }

  describe('@State()', () => {
    it('on what is not a field of an instance', async () => {
      @JamsocketService()
      class GetterRoom {
        @State()
        get total() {
          return 1;
        }
      }
      @JamsocketService()
      class BothRoom {
        #total = 0;

        @State()
        get total() {
          return this.#total;
        }

        set total(total: number) {
          this.#total = total;
        }
      }
      @JamsocketService()
      class MethodRoom {
        @State()
        total() {}
      }
      class Base {
        @State() static total = 0;
      }
      @JamsocketService()
      class StaticRoom extends Base {}
      const secret = Symbol('secret');
      @JamsocketService()
      class SymbolRoom {
        @State() [secret] = 0;
      }
      expect(await mistakeOf([GetterRoom])).toBe(
        'GetterRoom has @State() on total, which has a getter but no setter: put it on the field behind it, or write both.',
      );
      expect(await mistakeOf([MethodRoom])).toBe(
        'MethodRoom has @State() on the method total(): put it on the fields that it uses.',
      );
      expect(await mistakeOf([StaticRoom])).toBe(
        'StaticRoom has @State() on the static total, which all rooms share: make it a field of the instance.',
      );
      expect(await mistakeOf([SymbolRoom])).toBe(
        'SymbolRoom has @State() on Symbol(secret), which no record can name: give the field a name.',
      );
      const module = await Test.createTestingModule({ imports: [JamsocketModule.forRoot()], providers: [BothRoom] })
        .compile()
        .then((compiled) => compiled.init());
      await module.close();
    });

    it('on a class that is not built for each room', async () => {
      @Injectable()
      class Scores {
        @State() points = 0;
      }
      @Injectable({ scope: Scope.REQUEST })
      class Unused {
        @State() points = 0;
      }
      @Controller()
      class Api {
        @State() points = 0;
      }
      @JamsocketService()
      class QuizRoom {
        constructor(readonly scores: Scores) {}
      }
      const because = 'has @State() fields but is not built for each room, so they would never be saved';
      const cure =
        'give it @Injectable({ scope: Scope.REQUEST }) and inject it into a room service, or remove @State()';
      expect(await mistakeOf([QuizRoom, Scores])).toBe(`Scores ${because}: ${cure}.`);
      expect(await mistakeOf([Unused])).toBe(`Unused ${because}: ${cure}.`);
      expect(await mistakeOf([], undefined, [], [Api])).toBe(`Api ${because}: ${cure}.`);
    });
  });

  it('the context in a provider that no room injects', async () => {
    @Injectable()
    class Stray {
      constructor(readonly ctx: JamsocketContext) {}
    }
    expect(await mistakeOf([Stray])).toBe(
      'Stray injects JamsocketContext, which exists only within a room. Inject JamsocketRooms instead, and get the room you mean from it; or, if rooms get it from a ModuleRef, give it Scope.REQUEST.',
    );
  });

  it('the context in a singleton, by way of something that rooms share', async () => {
    @Injectable()
    class Ranking {
      @Inject() readonly scores!: Scores;
    }
    expect(await mistakeOf([ScoredRoom, Scores, Ranking])).toContain(
      'Ranking injects Scores, which injects JamsocketContext, which exists only within a room. Inject JamsocketRooms',
    );
    const factory = { provide: 'BEST', inject: [Scores], useFactory: (scores: Scores) => scores };
    expect(await mistakeOf([ScoredRoom, Scores, factory])).toContain('BEST injects Scores, which injects');
  });

  it('the context in a controller, or in a guard of it', async () => {
    @Controller()
    class Api {
      constructor(readonly scores: Scores) {}
    }
    expect(await mistakeOf([ScoredRoom, Scores], undefined, [], [Api])).toContain(
      'Api injects Scores, which injects JamsocketContext, which exists only within a room. Inject JamsocketRooms',
    );
    @Injectable()
    class ScoreGuard implements CanActivate {
      constructor(readonly ctx: JamsocketContext) {}
      canActivate = () => true;
    }
    @UseGuards(ScoreGuard)
    @Controller()
    class GuardedApi {}
    expect(await mistakeOf([ScoredRoom, Scores], undefined, [], [GuardedApi])).toContain(
      'GuardedApi injects ScoreGuard, which injects JamsocketContext',
    );
  });

  it('a room service in anything', async () => {
    @Injectable()
    class Statistics {
      constructor(readonly room: FirstRoom) {}
    }
    @JamsocketService('other')
    class OtherRoom {
      constructor(readonly room: FirstRoom) {}
    }
    const cure =
      'injects FirstRoom, but would get an instance without a room: inject JamsocketRooms, and call invoke(FirstRoom, roomId, …).';
    expect(await mistakeOf([FirstRoom, Statistics])).toBe(`Statistics ${cure}`);
    expect(await mistakeOf([FirstRoom, OtherRoom])).toBe(`OtherRoom ${cure}`);
    expect(await mistakeOf([FirstRoom, { provide: 'ROOM', useExisting: FirstRoom }])).toBe(`ROOM ${cure}`);
  });

  it('but what rooms inject, and what is scoped on purpose, boots', async () => {
    @Injectable()
    class RoomGuard implements CanActivate {
      constructor(readonly scores: Scores) {}
      canActivate = () => true;
    }
    @UseGuards(RoomGuard)
    @JamsocketService('guarded')
    class GuardedRoom {}
    @Injectable({ scope: Scope.REQUEST })
    class Later {
      constructor(readonly ctx: JamsocketContext) {}
    }
    const module = await Test.createTestingModule({
      imports: [JamsocketModule.forRoot()],
      providers: [ScoredRoom, Scores, GuardedRoom, RoomGuard, Later, { provide: 'ALIAS', useExisting: Later }],
    }).compile();
    await module.init();
    await expect(module.resolve(Later)).rejects.toThrow('Inject JamsocketRooms instead');
    await module.close();
  });
});

describe('decorators and hooks that would run on an instance of no room', () => {
  const cure =
    'which would run on an instance without a room: put it into a provider or controller of its own, and have that call the room with JamsocketRooms.invoke().';

  it('@OnEvent, on the service and on a provider that is built for each room', async () => {
    class Base {
      @OnEvent('paid')
      paid() {}
    }
    @JamsocketService('listening')
    class ListeningRoom extends Base {}
    expect(await mistakeOf([ListeningRoom])).toBe(
      `ListeningRoom has @OnEvent() of @nestjs/event-emitter on paid(), ${cure}`,
    );
    @Injectable()
    class Payments {
      constructor(readonly ctx: JamsocketContext) {}
      @OnEvent('paid')
      paid() {}
    }
    @JamsocketService('paying')
    class PayingRoom {
      constructor(readonly payments: Payments) {}
    }
    expect(await mistakeOf([PayingRoom, Payments])).toBe(
      `Payments injects JamsocketContext, so it is built for each room. But it has @OnEvent() of @nestjs/event-emitter on paid(), ${cure}`,
    );
  });

  it('those of gateways, controllers and message brokers', async () => {
    @JamsocketService('subscribed')
    class Subscribed {
      @SubscribeMessage('move')
      move() {}
    }
    @WebSocketGateway()
    @JamsocketService('gateway')
    class Gateway {}
    @JamsocketService('routed')
    class Routed {
      @Get('status')
      status() {}
    }
    @JamsocketService('queued')
    class Queued {
      @SetMetadata('bull:module_queue_process', {})
      process() {}
    }
    expect(await mistakeOf([Subscribed])).toContain(
      'Subscribed has @SubscribeMessage() on move(), which would run on an instance without a room: use @OnMessage() with the name of the event.',
    );
    expect(await mistakeOf([Gateway])).toContain('Gateway has @WebSocketGateway()');
    expect(await mistakeOf([Routed])).toBe(`Routed has the decorator of an HTTP route on status(), ${cure}`);
    expect(await mistakeOf([Queued])).toBe(`Queued has a decorator of @nestjs/bull on process(), ${cure}`);
  });

  it('hooks of the application', async () => {
    @JamsocketService('booting')
    class BootingRoom implements OnApplicationBootstrap {
      onApplicationBootstrap() {}
    }
    @JamsocketService('closing')
    class ClosingRoom implements OnApplicationShutdown {
      onApplicationShutdown() {}
    }
    expect(await mistakeOf([BootingRoom])).toBe(
      'BootingRoom has onApplicationBootstrap(), which Nest calls on singletons only: use @OnCreate() or onModuleInit(), which run when a room begins.',
    );
    expect(await mistakeOf([ClosingRoom])).toContain(
      'use @OnDestroy() or onModuleDestroy(), which run when a room ends',
    );
  });

  it('parameters that are swapped', async () => {
    @JamsocketService('text')
    class TextFirst {
      // The type alone cannot know that it has no decorator.
      @OnMessage()
      say(_text: string) {}
    }
    @JamsocketService('ctx')
    class ContextSecond {
      @OnMessage('count')
      count(_client: object, _ctx: JamsocketContext) {}
    }
    @JamsocketService('decorated')
    class Decorated {
      @OnMessage()
      say(@MessageBody() _text: string) {}
      @OnMessage('count')
      count(@ConnectedSocket() _client: object, @RoomContext() _ctx: JamsocketContext) {}
      @OnMessage('move')
      move(_client: Client, _data: object, _ctx: JamsocketContext) {}
      @OnConnect()
      connect(_client: Client, _ctx: JamsocketContext) {}
    }
    const order =
      'whose parameters are not in the order (client, data, ctx): change their order, or give each a decorator such as @MessageBody().';
    expect(await mistakeOf([TextFirst])).toBe(`TextFirst has a message handler say() ${order}`);
    expect(await mistakeOf([ContextSecond])).toBe(`ContextSecond has a message handler count() ${order}`);
    const module = Test.createTestingModule({ imports: [JamsocketModule.forRoot()], providers: [Decorated] });
    await (await module.compile()).close();
  });

  it('handlers that differ from the contract, and contracts without schemas', async () => {
    const contract = defineContract({ messages: { move: z.number(), constructor: {} } });
    const decorate = JamsocketService({ contract }) as ClassDecorator;
    class Lacking {
      @OnMessage('constructor')
      make() {}
    }
    class Unknown extends Lacking {
      @OnMessage('move')
      move() {}
      @OnMessage('mvoe')
      mvoe() {}
    }
    class Twice extends Lacking {
      @OnMessage('move', z.number())
      move(_client: Client, _n: number) {}
    }
    for (const type of [Lacking, Unknown, Twice]) decorate(type);
    expect(await mistakeOf([Lacking])).toBe(
      `Lacking has no handler for the message "move" of its contract: add a method with @OnMessage('move').`,
    );
    expect(await mistakeOf([Unknown])).toBe(
      `Unknown has @OnMessage('mvoe') on mvoe(), but its contract has no such message (it has "move", "constructor"): correct the name, or add the message to the contract.`,
    );
    expect(await mistakeOf([Twice])).toBe(
      `Twice has @OnMessage('move') on move() with another schema than its contract: leave the schema out of the decorator.`,
    );
    const bad: readonly [object, string][] = [
      [{ messages: { move: 5 } }, 'has a contract whose messages.move is not a Standard Schema'],
      [{ messages: { move: { data: 'x' } } }, 'has a contract whose messages.move.data is not a Standard Schema'],
      [{ messages: { move: { date: z.date() } } }, 'unknown key "date" in messages.move: use data, reply'],
      [{ events: { moved: null } }, 'has a contract whose events.moved is not a Standard Schema'],
      [{ event: {} }, 'has a contract with the unknown key "event" in contract: use messages, events, state, presence'],
      [{ state: { board: {} } }, 'has a contract whose state.board is not a Standard Schema'],
      [{ presence: 5 }, 'has a contract whose presence is not a Standard Schema'],
      [{ presence: z.string() }, 'has a contract with presence, but no presence: decorate the class with @Presence()'],
    ];
    for (const [invalid, mistake] of bad) {
      class Bad {}
      JamsocketService({ contract: invalid })(Bad);
      expect(await mistakeOf([Bad])).toContain(mistake);
    }
    @Presence(z.string())
    class OtherPresence {}
    JamsocketService({ contract: { presence: z.string() } })(OtherPresence);
    expect(await mistakeOf([OtherPresence])).toBe(
      'OtherPresence has @Presence() with another schema than its contract: leave the schema out of the decorator.',
    );
  });

  it('a shared state in a static field, which all rooms would share', async () => {
    class Base {
      static readonly board = new SharedState({ n: 0 });
      static get broken(): number {
        throw new Error('a getter is not called');
      }
    }
    @JamsocketService()
    class StaticState extends Base {}
    expect(await mistakeOf([StaticState])).toBe(
      'StaticState has a SharedState in the static field board, which all rooms would share: remove "static".',
    );
  });
});
