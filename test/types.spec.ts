import { Injectable } from '@nestjs/common';
import { expect, it } from '@jest/globals';
import { Observable } from 'rxjs';
import {
  Broadcast,
  defineContract,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  OnTimer,
  Presence,
  SharedState,
  type Client,
  type MessageData,
  type MessageReply,
  type RoomHandle,
} from 'nestjs-jamsocket';
import * as v from 'valibot';
import { z } from 'zod';

// Only compiled: each `@ts-expect-error` is a mistake that the types catch, and everything else has to compile.

interface User {
  name: string;
}

const Position = z.object({ x: z.number(), y: z.string().transform(Number) });
type Position = z.infer<typeof Position>;

const game = defineContract({
  messages: {
    move: { data: Position, reply: z.number() },
    say: z.string(),
    leave: {},
    score: { reply: v.object({ points: v.number() }) },
  },
  events: { moved: z.object({ id: z.number() }), reset: z.undefined() },
});
type Game = typeof game;
type GameClient = Client<User, Game>;

it('refuses handlers whose parameters do not fit', () => {
  class Handlers {
    @OnMessage('move', Position)
    fits(_client: Client, { x, y }: Position, _ctx: JamsocketContext) {
      return x + y;
    }
    @OnMessage('move', Position)
    fitsPart(_client: Client<User>, _at: { x: number }) {}
    @OnMessage('move', Position)
    fitsAny(_client: any, _at: any) {}
    @OnMessage('move', Position)
    fitsWithoutData(_client: Pick<Client, 'id'>) {}
    @OnMessage('move', Position)
    async fitsWithoutAnything() {}
    @OnMessage('move', Position)
    // Right if the parameter has the decorator @MessageBody().
    fitsDecorated(_at: Position) {}
    @OnMessage('move')
    fitsUnchecked(_client: Client, _at: Position) {}
    @OnMessage()
    fitsText(_client: Client, _text: string) {}
    @OnBinary()
    fitsBinary(_client: Client, _bytes: Buffer, _ctx: JamsocketContext) {}
    @OnTimer()
    fitsTimer(_ctx: JamsocketContext, _firing: { attempt: number }) {}

    // @ts-expect-error: `y` is a number
    @OnMessage('move', Position)
    input(_client: Client, _at: { x: number; y: string }) {}
    // @ts-expect-error: the schema has no `z`
    @OnMessage('move', Position)
    more(_client: Client, _at: Position & { z: number }) {}
    // @ts-expect-error: it is an object
    @OnMessage('move', Position)
    decorated(_at: number) {}
    // @ts-expect-error: a schema of valibot gives a number
    @OnMessage('count', v.number())
    count(_client: Client, _count: string) {}

    // @ts-expect-error: the client comes first
    @OnMessage('move', Position)
    swapped(_at: Position, _client: Client) {}
    // @ts-expect-error: the client comes first
    @OnMessage('move')
    swappedUnchecked(_at: Position, _client: Client) {}
    // @ts-expect-error: the client comes first
    @OnMessage()
    swappedText(_text: string, _client: Client) {}
    // @ts-expect-error: the client comes first
    @OnBinary()
    swappedBinary(_bytes: Buffer, _client: Client) {}
    // @ts-expect-error: the context comes last
    @OnMessage()
    swappedContext(_client: Client, _ctx: JamsocketContext, _text: string) {}
    // @ts-expect-error: the client comes first
    @OnConnect()
    swappedConnect(_ctx: JamsocketContext, _client: Client) {}
    // @ts-expect-error: the client comes first
    @OnDisconnect()
    swappedDisconnect(_ctx: JamsocketContext, _client: Client) {}
    // @ts-expect-error: no client is created with a room
    @OnCreate()
    create(_client: Client) {}
    // @ts-expect-error: a timer has no client
    @OnTimer()
    timer(_client: Client, _ctx: JamsocketContext) {}
  }
  expect(Handlers).toBeInstanceOf(Function);
});

it('refuses events that a room does not send, and events without their data', () => {
  const named = (ctx: JamsocketContext<{ moved: { id: number }; reset: undefined }, User>, other: JamsocketContext) => {
    ctx.emit(Broadcast, 'reset');
    ctx.emit(Broadcast, 'reset', undefined, { volatile: true });
    ctx.emit(Broadcast, 'moved', { id: 1 }, { volatile: true });
    // @ts-expect-error: there is no such event
    ctx.emit(Broadcast, 'move', { id: 1 });
    // @ts-expect-error: the event has data
    ctx.emit(Broadcast, 'moved');
    // @ts-expect-error: the id is a number
    ctx.emit(Broadcast, 'moved', { id: '1' });
    for (const client of ctx.clients.values()) {
      client.emit('reset');
      client.emit('moved', { id: client.data.name.length });
      // @ts-expect-error: there is no such event
      client.emit('move', { id: 1 });
      // @ts-expect-error: the event has data
      client.emit('moved');
      // @ts-expect-error: the id is a number
      client.emit('moved', { id: '1' });
      other.emit(client, 'reset');
    }
    other.emit(Broadcast, 'anything');
  };
  const contract = (ctx: JamsocketContext<Game>) => {
    ctx.emit(Broadcast, 'reset');
    ctx.emit(Broadcast, 'moved', { id: 1 }, { volatile: true });
    // @ts-expect-error: there is no such event
    ctx.emit(Broadcast, 'move', { id: 1 });
    // @ts-expect-error: the event has data
    ctx.emit(Broadcast, 'moved');
    // @ts-expect-error: the id is a number
    ctx.emit(Broadcast, 'moved', { id: '1' });
    for (const client of ctx.clients.values()) {
      client.emit('moved', { id: 1 });
      // @ts-expect-error: the event has data
      client.emit('moved');
      // @ts-expect-error: the data of the client is unknown
      client.data.name.trim();
    }
  };
  expect([named, contract]).toHaveLength(2);
});

it('knows nothing of the data of a client unless it is told', () => {
  const mistakes = (client: Client, user: Client<User>) => {
    // @ts-expect-error: it is unknown
    client.data.name.trim();
    // @ts-expect-error: it has another type
    user.data = 5;
    user.data = { name: 'Ann' };
    client.data = 5;
    user.data.name.trim();
    // A client without named events sends any.
    client.emit('anything', 1);
    const clients: Client[] = [client, user];
    // @ts-expect-error: nothing says that it is a user
    const users: Client<User>[] = [client];
    return [clients, users];
  };
  expect(mistakes).toBeInstanceOf(Function);
});

it('refuses a class that differs from its contract, and says how', () => {
  @JamsocketService({ path: 'follows', contract: game })
  class Follows {
    constructor(readonly ctx: JamsocketContext<Game, User>) {}
    @OnMessage('move')
    move(client: GameClient, { x, y }: MessageData<Game, 'move'>): MessageReply<Game, 'move'> {
      client.emit('moved', { id: client.id });
      return x + y;
    }
    @OnMessage('say')
    async say(_client: Client, _text: string) {}
    @OnMessage('leave')
    leave() {}
    @OnMessage('score')
    score(_client: Client): Observable<{ points: number }> {
      return new Observable();
    }
    @OnMessage()
    text(_client: Client, _text: string) {}
  }

  @JamsocketService({ path: 'streams', contract: defineContract({ messages: { score: game.messages.score } }) })
  class Streams {
    @OnMessage('score')
    async *score() {
      yield { points: 1 };
    }
  }

  // @ts-expect-error: these methods differ
  @JamsocketService({ path: 'differs', contract: game })
  class Differs {
    constructor(readonly ctx: JamsocketContext) {}
    @OnMessage('move')
    move(_client: Client, _at: { x: string }): number {
      return 1;
    }
    @OnMessage('say')
    say() {
      return 1;
    }
    @OnMessage('score')
    score() {
      return { points: 'many' };
    }
  }

  // @ts-expect-error: its context has other events
  @JamsocketService({ contract: defineContract({ events: { begun: z.string() } }) })
  class Other {
    constructor(readonly ctx: JamsocketContext<{ ended: string }>) {}
  }

  class Names {
    @OnMessage('move')
    move(_client: GameClient, _at: MessageData<Game, 'move'>) {}
    // @ts-expect-error: the contract has no such message
    @OnMessage('mvoe')
    mvoe(_client: GameClient) {}
    // @ts-expect-error: the contract gives a string
    @OnMessage('say')
    say(_client: GameClient, _text: number) {}
    // @ts-expect-error: the contract gives nothing
    @OnMessage('leave')
    leave(_client: GameClient, _text: string) {}
  }
  expect([Follows, Streams, Differs, Other, Names]).toHaveLength(5);

  const decorate = () => JamsocketService({ contract: game })(Differs);
  type Told = ReturnType<typeof decorate>;
  const told: Told = undefined as unknown as Told;
  const details = () => [
    told.details.move.mistake satisfies 'The handler takes other data than the schema gives.',
    told.details.move.details satisfies { schema: Position; handler: { x: string } },
    told.details.say.mistake satisfies 'The handler returns a value, but the contract has no reply to this message.',
    told.details.leave
      .mistake satisfies 'There is no public method of this name. The method that handles a message has its name.',
    told.details.score.mistake satisfies 'The handler returns another value than the reply in the contract.',
    told.details.constructor
      .mistake satisfies 'Inject the context with the contract, as JamsocketContext<typeof contract>.',
  ];
  expect(details).toBeInstanceOf(Function);
});

const board = defineContract({
  state: { board: z.object({ shapes: z.array(z.number()) }), hand: z.array(z.string()) },
  presence: z.object({ x: z.number() }),
});

it('refuses a class whose shared states differ from its contract, and types its presence', () => {
  @JamsocketService({ path: 'board', contract: board })
  @Presence()
  class Board {
    readonly board = new SharedState({ shapes: [1] });
    readonly hand = new SharedState({ cards: ['a'] }, { view: ({ cards }) => cards.slice() });
    protected readonly hidden = new SharedState({ secret: 1 });
    constructor(readonly ctx: JamsocketContext<typeof board>) {}
    x(id: number): number | undefined {
      // @ts-expect-error: another value than the contract's
      this.ctx.presence.set(id, { y: 1 });
      this.ctx.presence.set(id, { x: 1 });
      return this.ctx.presence.get(id)?.x;
    }
  }

  // @ts-expect-error: its states differ
  @JamsocketService({ path: 'other', contract: board })
  class Other {
    readonly board = new SharedState({ shapes: ['text'] });
    readonly extra = new SharedState({ n: 1 });
  }
  expect([Board, Other]).toHaveLength(2);

  const decorate = () => JamsocketService({ contract: board })(Other);
  type Told = ReturnType<typeof decorate>;
  const told: Told = undefined as unknown as Told;
  const details = () => [
    told.details.board.mistake satisfies 'The SharedState has another value than the state in the contract.',
    told.details.hand
      .mistake satisfies 'There is no public field of this name. The SharedState has the name of its state.',
    told.details.extra.mistake satisfies 'The contract has no such state.',
  ];
  expect(details).toBeInstanceOf(Function);
});

it('types the handles of rooms by the events of their class', () => {
  @Injectable()
  class GameRoom {
    constructor(readonly ctx: JamsocketContext<Game>) {}
    players(): number {
      return 1;
    }
  }
  const mistakes = async (rooms: JamsocketRooms) => {
    const room: RoomHandle<GameRoom, Game> | undefined = await rooms.find(GameRoom, 'a');
    await room?.emit(Broadcast, 'moved', { id: 1 });
    await room?.emit(Broadcast, 'reset');
    const found = (await rooms.find(GameRoom, 'a'))!;
    await found.emit(Broadcast, 'moved', { id: 1 });
    // @ts-expect-error: there is no such event
    await found.emit(Broadcast, 'move', { id: 1 });
    // @ts-expect-error: the event has data
    await found.emit(Broadcast, 'moved');
    // @ts-expect-error: the id is a number
    await found.emit(Broadcast, 'moved', { id: '1' });
    for (const each of await rooms.list(GameRoom)) {
      // @ts-expect-error: the event has data
      await each.emit(Broadcast, 'moved');
    }
    // @ts-expect-error: the event has data
    await (await rooms.create(GameRoom)).emit(Broadcast, 'moved');
    // @ts-expect-error: the event has data
    rooms.localRooms(GameRoom)[0].emit(Broadcast, 'moved');
  };
  expect(mistakes).toBeInstanceOf(Function);
});
