import { Inject, Injectable, Module, Optional, Scope, forwardRef, type Provider, type Type } from '@nestjs/common';
import { ModuleRef, NestFactory, REQUEST } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketClock,
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnCreate,
} from 'nestjs-jamsocket';
import { itOnOneNode, startTestApp, type TestApp } from './support/test-app.js';

/** The instances of all room services, in the order in which they were built. */
let built: object[] = [];

class Built {
  constructor() {
    built.push(this);
  }
}

@Injectable()
class Clock {}

@Injectable()
class Scores {
  readonly values: readonly unknown[];
  constructor(ctx: JamsocketContext, clock: Clock) {
    this.values = [ctx.roomId, clock];
  }
}

@Injectable()
class Referee {
  @Inject(Scores) readonly scores!: Scores;
  constructor(@Inject('rules') readonly rules: unknown) {}
}

@JamsocketService('plain')
class PlainRoom extends Built {
  @Inject('rules') readonly rules!: unknown;
  @Inject('nothing') readonly nothing: unknown = 'unset';
  constructor(
    readonly ctx: JamsocketContext,
    readonly scores: Scores,
    readonly referee: Referee,
    @Inject('alias') readonly alias: unknown,
    @Optional() readonly clock: Clock,
    @Inject(REQUEST) readonly request: { readonly url: string },
  ) {
    super();
  }
}

const PROVIDERS: Provider[] = [
  Clock,
  Scores,
  Referee,
  { provide: 'rules', useFactory: async () => Promise.resolve({ goals: 2 }) },
  { provide: 'alias', useExisting: Scores },
  { provide: 'nothing', useValue: null },
];

@Injectable({ scope: Scope.TRANSIENT })
class Pencil {}

@JamsocketService('transient')
class TransientRoom extends Built {
  constructor(
    readonly ctx: JamsocketContext,
    readonly pencil: Pencil,
  ) {
    super();
  }
}

@JamsocketService('factory')
class FactoryRoom extends Built {
  constructor(@Inject('table') readonly table: { readonly room: string }) {
    super();
  }
}

@Injectable()
class Left {
  constructor(
    @Inject(forwardRef(() => Right)) readonly right: object,
    readonly ctx: JamsocketContext,
  ) {}
}

@Injectable()
class Right {
  constructor(@Inject(forwardRef(() => Left)) readonly left: object) {}
}

@JamsocketService('circular')
class CircularRoom extends Built {
  constructor(readonly left: Left) {
    super();
  }
}

@JamsocketService('optional')
class OptionalRoom extends Built {
  constructor(
    readonly ctx: JamsocketContext,
    @Optional() @Inject('missing') readonly missing: unknown,
    readonly clock: Clock,
  ) {
    super();
  }
}

describe('the instances of a room service', () => {
  let started: TestApp;
  let rooms: JamsocketRooms;

  async function start(...providers: Provider[]): Promise<void> {
    started = await startTestApp({ providers });
    rooms = started.app.get(JamsocketRooms);
  }

  async function make(Service: Type, count = 3): Promise<object[]> {
    for (let room = 0; room < count; room++) await rooms.create(Service, `r${room}`);
    return built;
  }

  beforeEach(() => {
    built = [];
  });
  afterEach(() => started.close());

  it('are as the injector builds the first one', async () => {
    await start(PlainRoom, ...PROVIDERS);
    const all = (await make(PlainRoom)) as PlainRoom[];
    for (const [number, room] of all.entries()) {
      expect(room.ctx.roomId).toBe(`r${number}`);
      expect(room.scores.values).toEqual([`r${number}`, room.clock]);
      expect(room.referee.scores).toBe(room.scores);
      expect(room.alias).toBe(room.scores);
      expect(room.request.url).toBe(`/ws/plain/r${number}`);
      expect(room.nothing).toBe('unset');
    }
    const [first, second] = all;
    expect(second).not.toBe(first);
    expect(second.scores).not.toBe(first.scores);
    expect(second.referee).not.toBe(first.referee);
    expect(second.clock).toBe(first.clock);
    expect(second.rules).toBe(first.rules);
    expect(second.rules).toEqual({ goals: 2 });
    expect(second.referee.rules).toBe(first.rules);
  });

  it('need the injector only once', async () => {
    await start(PlainRoom, ...PROVIDERS);
    const contexts = jest.spyOn(ModuleRef.prototype, 'registerRequestByContextId');
    try {
      await make(PlainRoom);
      expect(contexts).toHaveBeenCalledTimes(1);
    } finally {
      contexts.mockRestore();
    }
  });

  it.each([
    ['a transient provider', TransientRoom, [Pencil]],
    [
      'a factory that runs for each room',
      FactoryRoom,
      [
        {
          provide: 'table',
          inject: [JamsocketContext],
          useFactory: async (ctx: JamsocketContext) => Promise.resolve({ room: ctx.roomId }),
        },
      ],
    ],
    ['providers that need each other', CircularRoom, [Left, Right]],
    ['an optional provider that is missing', OptionalRoom, [Clock]],
  ] as [string, Type, Provider[]][])('are left to the injector with %s', async (_what, Service, providers) => {
    await start(Service, ...providers);
    const contexts = jest.spyOn(ModuleRef.prototype, 'registerRequestByContextId');
    try {
      await make(Service);
      expect(contexts).toHaveBeenCalledTimes(3);
    } finally {
      contexts.mockRestore();
    }
    const [, second, third] = built as Record<string, object & { readonly room: string }>[];
    if (Service === TransientRoom) expect(third.pencil).not.toBe(second.pencil);
    if (Service === FactoryRoom) expect([second.table.room, third.table.room]).toEqual(['r1', 'r2']);
    if (Service === CircularRoom) expect(third.left).not.toBe(second.left);
    if (Service === OptionalRoom) expect(third.missing).toBeUndefined();
  });
});

describe('a room that starts at once', () => {
  let started: TestApp;
  let rooms: JamsocketRooms;
  let onCreate: (room: SelfishRoom) => void | Promise<void>;

  @JamsocketService('selfish')
  class SelfishRoom extends Built {
    constructor(readonly ctx: JamsocketContext) {
      super();
    }
    @OnCreate()
    create() {
      return onCreate(this);
    }
  }

  beforeEach(async () => {
    built = [];
    onCreate = () => undefined;
    started = await startTestApp({ providers: [SelfishRoom] });
    rooms = started.app.get(JamsocketRooms);
    // The first one does not start at once.
    await rooms.create(SelfishRoom, 'first');
  });
  afterEach(() => started.close());

  itOnOneNode('needs no time limit, unless its @OnCreate waits', async () => {
    const timers = jest.spyOn(started.app.get(JamsocketClock), 'setTimeout');
    const limits = () => timers.mock.calls.filter(([, ms]) => ms === 30_000);
    await rooms.create(SelfishRoom, 'second');
    expect(limits()).toHaveLength(0);
    onCreate = () => Promise.resolve();
    await rooms.create(SelfishRoom, 'third');
    expect(limits()).toHaveLength(1);
  });

  it('has no twin, though its @OnCreate asks for the same room', async () => {
    let inner: unknown;
    onCreate = ({ ctx }) => {
      onCreate = () => undefined;
      inner = rooms.create(SelfishRoom, ctx.roomId).catch((error: unknown) => error);
    };
    await rooms.create(SelfishRoom, 'second');
    expect(await inner).toMatchObject({ code: 'room_exists' });
    expect(built).toHaveLength(2);
  });

  it('refuses whoever made it if its @OnCreate closes it', async () => {
    onCreate = ({ ctx }) => ctx.close('not today');
    await expect(rooms.create(SelfishRoom, 'second')).rejects.toMatchObject({ close: { reason: 'not today' } });
    onCreate = () => undefined;
    await rooms.create(SelfishRoom, 'second');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('fails if its @OnCreate %s, and the next one starts afresh', async (_how, fails) => {
    onCreate = fails;
    await expect(rooms.create(SelfishRoom, 'second')).rejects.toThrow('no');
    onCreate = () => undefined;
    await rooms.create(SelfishRoom, 'second');
    expect(built).toHaveLength(3);
  });

  it('waits for an asynchronous @OnCreate', async () => {
    let finish!: () => void;
    onCreate = () => new Promise<void>((resolve) => (finish = resolve));
    const made = rooms.create(SelfishRoom, 'second');
    await new Promise((resolve) => setImmediate(resolve));
    expect(rooms.localRooms().length).toBe(1);
    finish();
    await made;
  });
});

it('gives every instance to the decorator of an instrumented application', async () => {
  built = [];
  const decorated: unknown[] = [];
  @JamsocketService('plain')
  class InstrumentedRoom extends Built {}
  @Module({ imports: [JamsocketModule.forRoot()], providers: [InstrumentedRoom] })
  class AppModule {}
  const instanceDecorator = <T>(instance: T) => {
    if (instance instanceof InstrumentedRoom) decorated.push(instance);
    return instance;
  };
  const app = await NestFactory.create(AppModule, { logger: false, instrument: { instanceDecorator } });
  try {
    await app.init();
    for (let room = 0; room < 3; room++) await app.get(JamsocketRooms).create(InstrumentedRoom, `r${room}`);
    expect(decorated).toEqual(built);
    expect(built).toHaveLength(3);
  } finally {
    await app.close();
  }
});
