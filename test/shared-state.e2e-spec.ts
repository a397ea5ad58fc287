import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  SharedState,
  type Client,
  type JamsocketError,
} from 'nestjs-jamsocket';
import { Logger } from '@nestjs/common';
import { joinRoom, type RoomContract, type StateOf } from 'jamsocket-client';
import { setImmediate } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

interface Player {
  x: number;
  y: number;
}

interface Board {
  players: Record<string, Player>;
  log: string[];
  /** Anything: what types cannot refuse. */
  any?: any;
}

type ReadOnlyBoard = StateOf<RoomContract<typeof BoardRoom>, 'board'>;

interface Cards {
  hands: Record<string, string[]>;
  table: string[];
}

const frame = (data: unknown) => JSON.stringify({ event: '$state', data });

@JamsocketService({ limits: { maxStateBytes: 2_000 } })
class BoardRoom {
  readonly board = new SharedState<Board>({ players: {}, log: [] });
  private readonly score = new SharedState({ red: 0 });

  constructor(readonly ctx: JamsocketContext) {
    this.board.change((draft) => void draft.log.push('made'));
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage('move')
  move(client: Client, at: Player) {
    this.board.change((draft) => {
      draft.players[client.id] = at;
    });
    return 'moved';
  }

  @OnMessage('mess')
  mess() {
    this.board.change((draft) => {
      draft.players = {};
      draft.any = new Date();
    });
  }

  @OnMessage('relay')
  relay(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  /** Several turns' worth of work in one. */
  run(work: (room: BoardRoom) => void) {
    work(this);
  }

  scored() {
    this.score.change((draft) => void (draft.red += 1));
  }
}

@JamsocketService('cards')
class CardRoom {
  failing = -1;
  readonly cards = new SharedState<Cards, { hand: readonly string[]; table: readonly string[] }>(
    { hands: {}, table: [] },
    {
      view: ({ hands, table }, { id }) => {
        if (id === this.failing) throw new Error('no sight');
        return { hand: hands[id] ?? [], table };
      },
    },
  );
  readonly round = new SharedState({ number: 0 });

  constructor(readonly ctx: JamsocketContext) {}

  run(work: (room: CardRoom) => void) {
    work(this);
  }
}

let app: TestApp;
let rooms: JamsocketRooms;
let url: string;
let number = 0;

beforeAll(async () => {
  app = await startTestApp({ providers: [BoardRoom, CardRoom] });
  rooms = app.app.get(JamsocketRooms);
});
afterAll(() => app.close());
beforeEach(() => {
  url = `${app.ws}/ws/room${++number}`;
});

const roomId = () => `room${number}`;
const inBoard = (work: (room: BoardRoom) => void) => rooms.invoke(BoardRoom, roomId(), 'run', work);
const inCards = (work: (room: CardRoom) => void) => rooms.invoke(CardRoom, roomId(), 'run', work);
const inBoardValue = async () => {
  let value!: ReadOnlyBoard;
  await inBoard(({ board }) => void (value = board.value));
  return value;
};
const cardsUrl = () => `${app.ws}/ws/cards/room${number}`;
const START = frame({ board: [{ players: {}, log: ['made'] }], score: [{ red: 0 }] });

/** Every message of a client up to the one that the room sends now. */
async function upToNow(client: TestClient, invoke: typeof inBoard | typeof inCards): Promise<string[]> {
  await invoke(({ ctx }: { ctx: JamsocketContext }) => ctx.sendMessage(Broadcast, 'now'));
  const seen: string[] = [];
  for (;;) {
    const text = await client.nextText();
    if (text === 'now') return seen;
    seen.push(text);
  }
}

describe('the shared state of a room', () => {
  it('comes before everything else that a client gets, and then what changes', async () => {
    const ann = await TestClient.connect(url);
    expect(await ann.nextText()).toBe(START);
    expect(await ann.nextText()).toBe('welcome');
    ann.send(JSON.stringify({ event: 'move', data: { x: 1, y: 2 }, id: 7 }));
    expect(await ann.nextText()).toBe(frame({ board: { players: { 1: [{ x: 1, y: 2 }] } } }));
    expect(await ann.nextJson()).toEqual({ event: 'move', data: 'moved', id: 7 });
    await rooms.invoke(BoardRoom, roomId(), 'scored');
    expect(await ann.nextText()).toBe(frame({ score: { red: 1 } }));
    const bob = await TestClient.connect(url);
    expect(await bob.nextJson()).toEqual({
      event: '$state',
      data: { board: [{ players: { 1: { x: 1, y: 2 } }, log: ['made'] }], score: [{ red: 1 }] },
    });
    await ann.close();
    await bob.close();
  });

  it('leaves in one frame a tick, however many changes there are, with only what is different at the end', async () => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    await inBoard(({ board, scored }) => {
      for (let step = 1; step <= 100; step++)
        board.change(({ players }) => {
          players.ann = { x: step, y: 0 };
        });
      board.change(({ log }) => void log.push('brief'));
      board.change(({ log }) => void log.pop());
      void scored;
    });
    expect(await ann.nextText()).toBe(frame({ board: { players: { ann: [{ x: 100, y: 0 }] } } }));
    await inBoard(({ board }) => {
      board.change(({ players }) => void (players.ann.x = 1));
      board.change(({ players }) => void (players.ann.x = 100));
      board.set({ players: { ann: { y: 0, x: 100 } }, log: ['made'] });
    });
    expect(await upToNow(ann, inBoard)).toEqual([]);
    await ann.close();
  });

  it('is in order with what the room sends', async () => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    await inBoard(({ board, ctx }) => {
      ctx.sendMessage(Broadcast, 'before');
      board.change(({ log }) => void log.push('one'));
      ctx.clients.get(1)!.sendMessage('between');
      board.change(({ log }) => void log.push('two'));
      ctx.emit(Broadcast, 'after');
      board.change(({ log }) => void log.push('three'));
      ctx.close('the end');
    });
    expect(await ann.nextText()).toBe('before');
    expect(await ann.nextText()).toBe(frame({ board: { log: { 1: 'one' } } }));
    expect(await ann.nextText()).toBe('between');
    expect(await ann.nextText()).toBe(frame({ board: { log: { 2: 'two' } } }));
    expect(await ann.nextText()).toBe('{"event":"after"}');
    expect(await ann.nextText()).toBe(frame({ board: { log: { 3: 'three' } } }));
    expect((await ann.closed).reason).toBe('the end');
  });

  it('is sent for changes outside of turns, too', async () => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    let later!: () => void;
    await inBoard(({ board }) => {
      later = () => board.change(({ log }) => void log.push('later'));
    });
    await setImmediate();
    later();
    expect(await ann.nextText()).toBe(frame({ board: { log: { 1: 'later' } } }));
    await ann.close();
  });

  it('reaches clients that resume, with the patches that they have missed', async () => {
    const ann = await ResumingClient.connect(url);
    expect(await ann.next()).toBe(START);
    await ann.until('welcome');
    await ann.cut();
    await inBoard(({ board }) => board.change(({ log }) => void log.push('missed')));
    await setImmediate();
    await setImmediate();
    await inBoard(({ board }) => board.change(({ log }) => void log.push('missed too')));
    expect(await ann.resume()).toMatchObject({ resumed: true });
    ann.confirm();
    expect(await ann.next()).toBe(frame({ board: { log: { 1: 'missed' } } }));
    expect(await ann.next()).toBe(frame({ board: { log: { 2: 'missed too' } } }));
    await ann.connection.close();
  });

  it('is sent whole to a client that cannot resume: it had not got all of the first value', async () => {
    const ann = await ResumingClient.connect(url);
    await ann.cut();
    expect(await ann.resume(0)).toMatchObject({ resumed: false, lost: 'gap' });
    ann.confirm();
    expect(await ann.next()).toBe(START);
    await ann.connection.close();
  });
});

describe('a change', () => {
  it.each<[string, string, (room: BoardRoom) => void]>([
    ['a Date', '.any.at', ({ board }) => board.change((draft) => (draft.any = { at: new Date() }))],
    ['a Map', '.any["first name"]', ({ board }) => board.change((draft) => (draft.any = { 'first name': new Map() }))],
    ['a Set', '.any[1]', ({ board }) => board.change((draft) => (draft.any = [1, new Set()]))],
    ['NaN', '.players.ann.x', ({ board }) => board.change((draft) => (draft.players.ann = { x: NaN, y: 0 }))],
    ['a bigint', '.any', ({ board }) => board.set({ players: {}, log: [], any: 1n })],
    ['a function', '.any', ({ board }) => board.change((draft) => (draft.any = () => 1))],
    ['an instance of Gate', '.any', ({ board }) => board.change((draft) => (draft.any = new (class Gate {})()))],
    ['undefined', '.any[0]', ({ board }) => board.change((draft) => (draft.any = [undefined]))],
    [
      'nested',
      '.any',
      ({ board }) =>
        board.change(
          (draft) =>
            (draft.any = (() => {
              const own: any = {};
              own.own = own;
              return own;
            })()),
        ),
    ],
    [
      'a key that changes',
      '.any.__proto__',
      ({ board }) => board.change((draft) => (draft.any = JSON.parse('{"__proto__":1}'))),
    ],
    ['asynchronous', '', ({ board }) => board.change((draft) => Promise.resolve(draft) as never)],
    ['while it is being changed', '', ({ board }) => board.change(() => board.change(() => undefined))],
    ['not a value of type number', '', ({ board }) => board.set(5 as never)],
  ])('is refused for %s, with its path', async (what, path, work) => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    const refused = inBoard(work);
    await expect(refused).rejects.toMatchObject({ name: 'JamsocketError', code: 'bad_state' });
    const { message } = (await refused.catch((error: unknown) => error)) as JamsocketError;
    expect(message).toContain(`BoardRoom.board${path}`);
    expect(message).toContain(what);
    expect(await upToNow(ann, inBoard)).toEqual([]);
    await inBoard(({ board }) => expect(board.value).toEqual({ players: {}, log: ['made'] }));
    await ann.close();
  });

  it('is refused over limits.maxStateBytes, with the path that grew; what shrinks is not', async () => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    const grow = (length: number) =>
      inBoard(({ board }) =>
        board.change(({ players, log }) => {
          players.ann = { x: 0, y: 0 };
          log[1] = 'x'.repeat(length);
        }),
      );
    await grow(1_900);
    await expect(grow(1_950)).rejects.toMatchObject({ code: 'state_too_large' });
    await expect(grow(1_950)).rejects.toThrow(
      /BoardRoom\.board was not changed: .* may have 2000 .* BoardRoom\.board\.log\[1\] would grow by 50\./,
    );
    await grow(1_899);
    await inBoard(({ board }) => expect(board.value.log[1]).toHaveLength(1_899));
    await ann.close();
  });

  it('that throws changes nothing, and the room goes on', async () => {
    const ann = await TestClient.connect(url);
    await ann.until('welcome');
    await expect(
      inBoard(({ board }) =>
        board.change((draft) => {
          draft.log.push('half');
          throw new Error('by hand');
        }),
      ),
    ).rejects.toThrow('by hand');
    ann.send('{"event":"mess"}');
    expect(await ann.nextJson()).toMatchObject({ event: 'exception' });
    await inBoard(({ board }) => {
      expect(board.value).toEqual({ players: {}, log: ['made'] });
      board.change(({ log }) => void log.push('whole'));
    });
    expect(await ann.nextText()).toBe(frame({ board: { log: { 1: 'whole' } } }));
    await ann.close();
  });

  it('does not follow what it was given, and its value cannot be written to', async () => {
    const ann = await TestClient.connect(url);
    await inBoard(({ board }) => {
      const given = { x: 1, y: 1 };
      board.change(({ players }) => void (players.ann = given));
      given.x = 2;
      expect(board.value.players.ann).toEqual({ x: 1, y: 1 });
      expect(() => ((board.value.players.ann as Player).x = 3)).toThrow(TypeError);
    });
    await ann.close();
  });
});

describe('a hostile client', () => {
  it('cannot change the state, nor have the room pass on a forged change', async () => {
    const [ann, eve] = [await TestClient.connect(url), await TestClient.connect(url)];
    await ann.until('welcome');
    await eve.until('welcome');
    eve.send(frame({ board: [{ players: {}, log: ['forged'] }] }));
    expect(await eve.nextJson()).toMatchObject({ event: 'exception' });
    const forged = [frame({ board: [] }), ' {"data":{}, "event" : "$state"}', '{"event":"\\u0024st\\u0061te"}'];
    for (const data of forged) {
      eve.send(JSON.stringify({ event: 'relay', data }));
      expect(await eve.nextJson()).toMatchObject({ event: 'exception' });
    }
    const allowed = ['$state', '{"event":"other","data":"$state"}', '{$state', '{"event":"state"}'];
    for (const data of allowed) eve.send(JSON.stringify({ event: 'relay', data }));
    for (const client of [ann, eve]) for (const text of allowed) expect(await client.nextText()).toBe(text);
    for (const name of ['__proto__', 'constructor', 'length'])
      eve.send(JSON.stringify({ event: 'move', data: JSON.parse(`{"${name}":1}`) }));
    eve.send('{"event":"move","data":{"__proto__":{"x":1}}}');
    for (let answers = 0; answers < 4;) if (!(await eve.nextText()).includes('$state')) answers++;
    expect(await upToNow(ann, inBoard)).toEqual([
      frame({ board: { players: { 2: [{ constructor: 1 }] } } }),
      frame({ board: { players: { 2: { length: 1, constructor: [] } } } }),
    ]);
    await ann.close();
    await eve.close();
  });
});

describe('a view', () => {
  let errors: jest.SpiedFunction<Logger['error']>;
  beforeEach(() => {
    errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => errors.mockRestore());

  it('gives each client what it may see, and one frame to those that see the same', async () => {
    const [ann, bob, cat] = [
      await TestClient.connect(cardsUrl()),
      await TestClient.connect(cardsUrl()),
      await TestClient.connect(cardsUrl()),
    ];
    const start = frame({ round: [{ number: 0 }], cards: [{ hand: [], table: [] }] });
    for (const client of [ann, bob, cat]) expect(await client.nextText()).toBe(start);
    await inCards(({ cards, round }) => {
      cards.change(({ hands }) => {
        hands[1] = ['A'];
        hands[2] = ['K'];
      });
      round.change((draft) => void draft.number++);
    });
    expect(await ann.nextText()).toBe(frame({ round: { number: 1 }, cards: { hand: { 0: 'A' } } }));
    expect(await bob.nextText()).toBe(frame({ round: { number: 1 }, cards: { hand: { 0: 'K' } } }));
    expect(await cat.nextText()).toBe(frame({ round: { number: 1 } }));
    await inCards(({ cards }) => cards.change(({ table }) => void table.push('Q')));
    for (const client of [ann, bob, cat]) expect(await client.nextText()).toBe(frame({ cards: { table: { 0: 'Q' } } }));
    await inCards(({ cards }) => cards.change(({ hands }) => void hands[2].push('J')));
    expect(await bob.nextText()).toBe(frame({ cards: { hand: { 1: 'J' } } }));
    expect(await upToNow(ann, inCards)).toEqual([]);
    expect(errors).not.toHaveBeenCalled();
    for (const client of [ann, bob, cat]) await client.close();
  });

  it('that throws is logged once, and its client keeps what it has until it works again', async () => {
    const [ann, bob] = [await TestClient.connect(cardsUrl()), await TestClient.connect(cardsUrl())];
    await ann.next();
    await bob.next();
    const push = (card: string) => inCards(({ cards }) => cards.change(({ table }) => void table.push(card)));
    await inCards((room) => void (room.failing = 2));
    for (const card of ['1', '2', '3']) {
      await push(card);
      await ann.next();
    }
    expect(errors).toHaveBeenCalledTimes(1);
    const cat = await TestClient.connect(cardsUrl());
    await cat.next();
    await inCards((room) => void (room.failing = -1));
    await push('4');
    expect(await bob.nextText()).toBe(frame({ cards: { table: { 0: '1', 1: '2', 2: '3', 3: '4' } } }));
    expect(await cat.nextText()).toBe(frame({ cards: { table: { 3: '4' } } }));
    for (const client of [ann, bob, cat]) await client.close();
  });

  it('may only read, and what it returns must be shareable', async () => {
    const ann = await TestClient.connect(cardsUrl());
    await ann.next();
    await inCards((room) => {
      Object.assign(room.cards, {
        view: () => room.cards.change(() => undefined) ?? room.round.change((draft) => void draft.number++),
      });
      room.cards.refresh();
    });
    await upToNow(ann, inCards);
    expect(String(errors.mock.lastCall?.[0])).toContain('CardRoom.round is changed by a view');
    await inCards((room) => {
      Object.assign(room.cards, { view: () => ({ since: new Date() }) });
      room.cards.refresh();
    });
    expect(await upToNow(ann, inCards)).toEqual([]);
    await inCards((room) => {
      Object.assign(room.cards, { view: () => undefined });
      room.cards.refresh();
    });
    expect(await ann.nextText()).toBe(frame({ cards: [] }));
    await ann.close();
  });

  it('reaches clients that resume', async () => {
    const ann = await ResumingClient.connect(cardsUrl());
    await ann.next();
    await ann.cut();
    await inCards(({ cards }) => cards.change(({ hands }) => void (hands[1] = ['A'])));
    expect(await ann.resume()).toMatchObject({ resumed: true });
    ann.confirm();
    expect(await ann.next()).toBe(frame({ cards: { hand: { 0: 'A' } } }));
    await ann.connection.close();
  });
});

describe('jamsocket-client', () => {
  it('has the value, and tells of each change; what has not changed is the same object', async () => {
    const room = joinRoom<RoomContract<typeof BoardRoom>>(url, { WebSocket });
    expect(room.state('board')).toBeUndefined();
    const values: ReadOnlyBoard[] = [];
    const told = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => values.length >= count && resolve();
        room.onState('board', look);
        look();
      });
    room.onState('board', (value) => values.push(value));
    room.on('exception', () => undefined);
    await told(1);
    expect(room.state('board')).toEqual({ players: {}, log: ['made'] });
    expect(room.state('constructor' as never)).toBeUndefined();
    const reply = await room.request('move', { x: 1, y: 2 });
    // The change is older than the reply.
    expect([reply, room.state('board')?.players]).toEqual(['moved', { 1: { x: 1, y: 2 } }]);
    await inBoard(({ board }) => board.change(({ log }) => void log.push('next')));
    await told(3);
    expect(values[2]).toEqual({ players: { 1: { x: 1, y: 2 } }, log: ['made', 'next'] });
    expect(values[2].players).toBe(values[1].players);
    room.close();
  });

  it('follows many that move at once, also after it was away', async () => {
    const watcher = await ResumingClient.connect(url);
    await watcher.until('welcome');
    const room = joinRoom<RoomContract<typeof BoardRoom>>(url, { WebSocket });
    room.on('exception', () => undefined);
    await room.opened;
    const moveAll = (dx: number) =>
      inBoard(({ board }) =>
        board.change(({ players }) => {
          for (const id of ['eve', 'dan', 'cid', 'bob', 'ann']) players[id] = { x: dx, y: players[id]?.y ?? 0 };
        }),
      );
    await moveAll(1);
    await room.request('move', { x: 0, y: 0 });
    await watcher.until(frame({ board: { players: { 2: [{ x: 0, y: 0 }] } } }));
    await watcher.cut();
    await moveAll(2);
    await room.request('move', { x: 0, y: 0 });
    expect(room.state('board')?.players).toEqual((await inBoardValue()).players);
    expect(await watcher.resume()).toMatchObject({ resumed: true });
    watcher.confirm();
    // The first of the six keys, 2, stays.
    expect(await watcher.next()).toBe(frame({ board: { players: [['x'], [1], [2, 2, 2, 2, 2]] } }));
    await watcher.connection.close();
    room.close();
  });

  it('has the whole value again when it could not resume', async () => {
    const keeper = await TestClient.connect(url);
    const room = joinRoom<RoomContract<typeof BoardRoom>>(url, { WebSocket, resume: false, backoff: { maxMs: 0 } });
    await room.opened;
    await room.request('move', { x: 1, y: 2 });
    const back = new Promise<ReadOnlyBoard>((resolve) => room.onState('board', resolve));
    await inBoard(({ board, ctx }) => {
      ctx.clients.get(2)!.connection!.terminate('by hand');
      board.change((draft) => {
        draft.players = {};
        draft.log = [];
      });
    });
    expect(await back).toEqual({ players: {}, log: [] });
    expect(room.state('board')).toEqual({ players: {}, log: [] });
    room.close();
    await keeper.close();
  });
});
