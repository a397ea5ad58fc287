import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketError,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnMessage,
  OnTimer,
  everyoneExcept,
  type Client,
  type RoomHandle,
} from 'nestjs-jamsocket';
import { defer } from 'rxjs';
import request from 'supertest';
import { Gate, Journal } from './support/gate.js';
import { EXPRESS_ALONE, HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';

const journal = new Journal();
let gate: Gate;

interface PollEvents {
  leading: { name: string; votes: number };
  over: undefined;
}

@JamsocketService('poll')
class PollRoom {
  private readonly votes = new Map<string, number>();

  constructor(private readonly ctx: JamsocketContext<PollEvents>) {}

  @OnCreate()
  create() {
    if (this.ctx.roomId === 'broken') throw new Error('no ballot box');
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`poll ${this.ctx.roomId}`);
  }

  @OnMessage()
  async message(_client: Client, text: string) {
    journal.add(`${text} begins`);
    await gate.opened;
    journal.add(`${text} ends`);
  }

  @OnDestroy()
  destroy() {
    journal.add(`${this.ctx.roomId} destroyed`);
  }

  vote(name: string, count = 1): number {
    journal.add(`vote for ${name}`);
    const votes = (this.votes.get(name) ?? 0) + count;
    this.votes.set(name, votes);
    this.ctx.sendMessage(Broadcast, `${name}: ${votes}`);
    return votes;
  }

  same(value: object) {
    return value;
  }

  async slowVote(name: string): Promise<{ name: string }> {
    journal.add('slow vote begins');
    await gate.opened;
    journal.add('slow vote ends');
    return { name };
  }

  fail(): never {
    throw new TypeError('cannot be counted');
  }
}

@JamsocketService({ path: 'games/:game/:room' })
class GameRoom {
  constructor(readonly ctx: JamsocketContext) {}

  where() {
    return { ...this.ctx.params };
  }
}

/** Calls its own room in every possible way. */
@JamsocketService('mirror')
class MirrorRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly rooms: JamsocketRooms,
  ) {}

  @OnMessage('directly')
  directly() {
    return this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf);
  }

  @OnMessage('later')
  async later() {
    await new Promise((resolve) => setImmediate(resolve));
    return this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf);
  }

  @OnMessage('through a handle')
  async throughHandle() {
    const self = await this.rooms.find(MirrorRoom, this.ctx.roomId);
    return self!.invoke('look').catch(codeOf);
  }

  @OnMessage('later, declared')
  declared(): Promise<unknown> {
    return new Promise((resolve) => setImmediate(resolve)).then(() =>
      this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf),
    );
  }

  @OnMessage('later, undeclared')
  undeclared(_client: Client, isReentrant: boolean) {
    return new Promise((resolve) => setImmediate(resolve)).then(() =>
      isReentrant ? this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf) : 'waited',
    );
  }

  @OnMessage('through another')
  async throughAnother(_client: Client, other: string) {
    return this.rooms.invoke(MirrorRoom, other, 'lookAt', this.ctx.roomId);
  }

  /** Does not wait; only its caller waits for the result. */
  @OnMessage('another itself')
  anotherItself(_client: Client, other: string) {
    return this.rooms.invoke(MirrorRoom, other, 'lookAt', other);
  }

  @OnMessage('in a stream')
  inStream() {
    return defer(() => this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf));
  }

  /** Leaves work running that continues after its turn. */
  @OnMessage('leave running')
  async leaveRunning() {
    void gate.opened
      .then(() => this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look'))
      .then((data) => this.ctx.emit(Broadcast, 'left running', data));
    return 'left';
  }

  @OnMessage('other')
  other(_client: Client, other: string) {
    return this.rooms.invoke(MirrorRoom, other, 'look');
  }

  @OnMessage('after')
  after() {
    this.ctx.setTimer(1);
    return 'set';
  }

  /** A new turn, which is not part of the turn that set the timer. */
  @OnTimer()
  async onTimer() {
    const name = `made by ${this.ctx.roomId}`;
    await this.rooms.create(MirrorRoom, name);
    this.ctx.emit(Broadcast, 'after', await this.rooms.invoke(MirrorRoom, name, 'look'));
  }

  @OnMessage('close by handle')
  async closeByHandle() {
    const self = await this.rooms.find(MirrorRoom, this.ctx.roomId);
    return self!.close('by myself');
  }

  @OnMessage('close')
  async close() {
    return this.rooms.close(MirrorRoom, this.ctx.roomId, 'by myself');
  }

  look() {
    return `I am ${this.ctx.roomId}`;
  }

  lookAt(other: string) {
    return this.rooms.invoke(MirrorRoom, other, 'look').catch(codeOf);
  }
}

class Stranger {
  greet() {
    return 'hello';
  }
}

function codeOf(error: unknown): string {
  return error instanceof JamsocketError ? error.code : String(error);
}

@Controller('polls')
class PollController {
  constructor(private readonly rooms: JamsocketRooms) {}

  @Get()
  list() {
    return this.rooms.list(PollRoom);
  }

  @Post()
  create(@Query('id') id?: string) {
    return this.rooms.create(PollRoom, id);
  }

  @Post(':id/votes/:name')
  async vote(@Param('id') id: string, @Param('name') name: string) {
    return { votes: await this.rooms.invoke(PollRoom, id, 'vote', name) };
  }

  @Post(':id/announcements')
  @HttpCode(204)
  async announce(@Param('id') id: string) {
    const room = await this.rooms.find(PollRoom, id);
    await room?.sendMessage(Broadcast, 'the polls close soon');
  }

  @Get('all')
  all() {
    const rooms = this.rooms.localRooms(PollRoom);
    const [client] = [...(rooms[0]?.clients.values() ?? [])];
    return { rooms, client };
  }

  @Post(':id/mistakes')
  mistake(@Param('id') id: string) {
    return this.rooms.invoke(Stranger, id, 'greet');
  }

  @Delete(':id')
  async close(@Param('id') id: string) {
    return { closed: await this.rooms.close(PollRoom, id, 'the polls are closed') };
  }
}

const SERVICES = { providers: [PollRoom, GameRoom, MirrorRoom], controllers: [PollController] };

describe.each(HOSTS)('JamsocketRooms in a controller, on $platform beside $beside', (host) => {
  let started: TestApp;
  beforeEach(async () => {
    journal.clear();
    gate = new Gate();
    started = await startTestApp({ host, ...SERVICES });
  });
  afterEach(() => started.close());

  it('answers with the status and the code of what could not be done, and with handles and contexts as JSON', async () => {
    const api = request(started.http);
    const client = await TestClient.connect(`${started.ws}/ws/poll/lunch`);
    await client.nextText();
    expect((await api.get('/polls')).body).toEqual([
      { service: 'poll', id: 'lunch', params: { room: 'lunch' }, size: 1 },
    ]);
    expect((await api.get('/polls/all')).body).toEqual({
      rooms: [{ service: 'poll', roomId: 'lunch', params: { room: 'lunch' }, clients: 1 }],
      client: { id: 1, roomId: 'lunch', tags: [] },
    });
    expect((await api.post('/polls?id=lunch')).body).toEqual({
      statusCode: 409,
      code: 'room_exists',
      message: 'Room "lunch" exists already.',
    });
    for (const [path, status, code] of [
      ['/polls?id=lunch', 409, 'room_exists'],
      ['/polls?id=', 400, 'bad_room_id'],
      ['/polls/nowhere/votes/pizza', 404, 'room_not_found'],
      ['/polls/a%0Ab/votes/pizza', 400, 'bad_room_id'],
      // Mistakes in the code, and the errors of a room's own methods, are bugs.
      ['/polls?id=broken', 500, undefined],
      ['/polls/lunch/mistakes', 500, undefined],
    ] as const) {
      const answer = await api.post(path);
      expect([path, answer.status, (answer.body as { code?: string }).code]).toEqual([path, status, code]);
    }
  });

  it('creates, lists, finds, invokes and closes rooms', async () => {
    const api = request(started.http);
    const made = { service: 'poll', id: 'lunch', params: { room: 'lunch' }, size: 0 };
    expect((await api.post('/polls?id=lunch')).body).toEqual(made);
    const client = await TestClient.connect(`${started.ws}/ws/poll/lunch`);
    expect(await client.nextText()).toBe('poll lunch');
    expect((await api.get('/polls')).body).toEqual([{ ...made, size: 1 }]);

    expect((await api.post('/polls/lunch/votes/pizza')).body).toEqual({ votes: 1 });
    expect((await api.post('/polls/lunch/votes/pizza')).body).toEqual({ votes: 2 });
    expect(await client.nextText()).toBe('pizza: 1');
    expect(await client.nextText()).toBe('pizza: 2');
    await api.post('/polls/lunch/announcements');
    expect(await client.nextText()).toBe('the polls close soon');

    expect((await api.delete('/polls/lunch')).body).toEqual({ closed: true });
    expect(await client.closed).toEqual({ code: 1000, reason: 'the polls are closed' });
    expect(journal.entries).toContain('lunch destroyed');
    expect((await api.get('/polls')).body).toEqual([]);
    expect((await api.delete('/polls/lunch')).body).toEqual({ closed: false });
  });

  it('gives a room an id if it gets none', async () => {
    const { body } = await request(started.http).post('/polls');
    expect(body.id).toEqual(expect.any(String));
    expect(await started.app.get(JamsocketRooms).find(PollRoom, body.id)).toMatchObject({ id: body.id });
  });
});

describe('JamsocketRooms', () => {
  let started: TestApp;
  let rooms: JamsocketRooms;
  beforeEach(async () => {
    journal.clear();
    gate = new Gate();
    started = await startTestApp({ host: EXPRESS_ALONE, ...SERVICES });
    rooms = started.app.get(JamsocketRooms);
  });
  afterEach(() => {
    gate.open();
    return started.close();
  });

  it('lists the rooms of one service or of all', async () => {
    await rooms.create(PollRoom, 'a');
    await rooms.create(MirrorRoom, 'b');
    expect((await rooms.list()).map(({ service, id }) => `${service}/${id}`)).toEqual(['poll/a', 'mirror/b']);
    expect((await rooms.list(MirrorRoom)).map(({ id }) => id)).toEqual(['b']);
    expect(rooms.localRooms().map(({ service, roomId }) => `${service}/${roomId}`)).toEqual(['poll/a', 'mirror/b']);
    expect(rooms.localRooms(MirrorRoom).map(({ roomId }) => roomId)).toEqual(['b']);
    await expect(rooms.list(Stranger)).rejects.toMatchObject({ code: 'not_a_room_service' });
    expect(() => rooms.localRooms(Stranger)).toThrow(expect.objectContaining({ code: 'not_a_room_service' }));
  });

  it('invokes as a turn: after the handler that runs, before the message that comes next', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/poll/a`);
    client.send('first');
    await journal.has('first begins');
    const invoked = rooms.invoke(PollRoom, 'a', 'vote', 'pizza', 3);
    client.send('second');
    while (localRoom(rooms.localRooms()[0].room).waitingEvents < 2) await new Promise(setImmediate);
    expect(journal.entries).toEqual(['first begins']);
    gate.open();
    expect(await invoked).toBe(3);
    await journal.has('second ends');
    expect(journal.entries).toEqual(['first begins', 'first ends', 'vote for pizza', 'second begins', 'second ends']);
  });

  it('keeps neither the arguments nor the result of a call that has ended', async () => {
    await rooms.create(PollRoom, 'a');
    const invoke = async () => new WeakRef(await rooms.invoke(PollRoom, 'a', 'same', { large: true }));
    const result = await invoke();
    await new Promise(setImmediate);
    globalThis.gc!();
    expect(result.deref()).toBeUndefined();
  });

  it('invokes an async method as one turn', async () => {
    await rooms.create(PollRoom, 'a');
    const slow = rooms.invoke(PollRoom, 'a', 'slowVote', 'pizza');
    const fast = rooms.invoke(PollRoom, 'a', 'vote', 'pasta');
    await journal.has('slow vote begins');
    gate.open();
    expect(await slow).toEqual({ name: 'pizza' });
    expect(await fast).toBe(1);
    expect(journal.entries).toEqual(['slow vote begins', 'slow vote ends', 'vote for pasta']);
  });

  it('rejects with what the method throws, and the room goes on', async () => {
    await rooms.create(PollRoom, 'a');
    await expect(rooms.invoke(PollRoom, 'a', 'fail')).rejects.toThrow(new TypeError('cannot be counted'));
    expect(await rooms.invoke(PollRoom, 'a', 'vote', 'pizza')).toBe(1);
  });

  it('does not invoke a room that is stopping', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/poll/a`);
    client.send('first');
    await journal.has('first begins');
    const room = (await rooms.find(PollRoom, 'a'))!;
    const closed = room.close();
    for (const call of [
      () => rooms.invoke(PollRoom, 'a', 'vote', 'pizza'),
      () => room.invoke('vote', 'pizza'),
      () => room.sendMessage(Broadcast, 'too late'),
      () => room.sendBinary(Broadcast, Buffer.of(1)),
      () => room.emit(Broadcast, 'over'),
    ])
      await expect(call()).rejects.toMatchObject({ name: 'RefusedError', status: 404, code: 'room_not_found' });
    expect(await rooms.find(PollRoom, 'a')).toBeUndefined();
    expect(await rooms.list(PollRoom)).toEqual([]);
    gate.open();
    await client.closed;
    expect([await closed, await room.close()]).toEqual([true, false]);
  });

  it('has typed calls', async () => {
    await rooms.create(PollRoom, 'a');
    const votes: number = await rooms.invoke(PollRoom, 'a', 'vote', 'pizza', 2);
    gate.open();
    const { name }: { name: string } = await rooms.invoke(PollRoom, 'a', 'slowVote', 'pizza');
    expect([votes, name]).toEqual([2, 'pizza']);
    // Only compiled: each of these is a mistake that the types catch.
    const mistakes = () => [
      // @ts-expect-error there is no such method
      rooms.invoke(PollRoom, 'a', 'veto', 'pizza'),
      // @ts-expect-error it is private
      rooms.invoke(PollRoom, 'a', 'votes'),
      // @ts-expect-error the argument is missing
      rooms.invoke(PollRoom, 'a', 'vote'),
      // @ts-expect-error the argument is a number
      rooms.invoke(PollRoom, 'a', 'vote', 1),
      // @ts-expect-error the result is a number
      rooms.invoke(PollRoom, 'a', 'vote', 'pizza').then((text: string) => text),
    ];
    expect(mistakes).toBeInstanceOf(Function);
  });

  it('has typed handles', async () => {
    const room: RoomHandle<PollRoom, PollEvents> = await rooms.create(PollRoom, 'a');
    const votes: number = await room.invoke('vote', 'pizza', 2);
    gate.open();
    const { name }: { name: string } = await room.invoke('slowVote', 'pizza');
    expect([votes, name]).toEqual([2, 'pizza']);
    const same: RoomHandle<PollRoom>[] = await rooms.list(PollRoom);
    expect(same).toEqual([room]);
    const game = await rooms.create(GameRoom, { game: 'go', room: 'a' });
    // Only compiled: each of these is a mistake that the types catch.
    const mistakes = async () => [
      // @ts-expect-error there is no such method
      room.invoke('veto', 'pizza'),
      // @ts-expect-error it is private
      room.invoke('votes'),
      // @ts-expect-error the argument is missing
      room.invoke('vote'),
      // @ts-expect-error the result is a number
      room.invoke('vote', 'pizza').then((text: string) => text),
      // @ts-expect-error the room has no such event
      room.emit(Broadcast, 'begun'),
      // @ts-expect-error the votes are a number
      room.emit(Broadcast, 'leading', { name: 'pizza', votes: 'many' }),
      // @ts-expect-error it may not be there
      (await rooms.find(PollRoom, 'a')).size,
      // @ts-expect-error a context's events are typed too
      rooms.localRooms(PollRoom)[0].emit(Broadcast, 'begun'),
      // @ts-expect-error handles of another class
      rooms.list(GameRoom).then((games): RoomHandle<PollRoom>[] => games),
      // The context of this class names no events, and one of any class may have all methods.
      game.emit(Broadcast, 'anything', 1),
      (await rooms.list())[0].invoke('anything', 1),
    ];
    expect(mistakes).toBeInstanceOf(Function);
  });

  it('gives handles that send, emit and close, and know the size the room had', async () => {
    const room = await rooms.create(PollRoom, 'a');
    const clients = [
      await TestClient.connect(`${started.ws}/ws/poll/a`),
      await TestClient.connect(`${started.ws}/ws/poll/a`),
    ];
    for (const client of clients) expect(await client.nextText()).toBe('poll a');
    const bytes = Buffer.of(1, 2, 3);
    const sent = [
      room.sendMessage(Broadcast, 'to all'),
      room.sendBinary(2, bytes),
      room.emit([1], 'leading', { name: 'pizza', votes: 2 }),
      room.emit(everyoneExcept(2), 'over'),
    ];
    bytes.fill(0);
    expect(await Promise.all(sent)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await clients[0].nextText()).toBe('to all');
    expect(await clients[0].nextJson()).toEqual({ event: 'leading', data: { name: 'pizza', votes: 2 } });
    expect(await clients[0].nextJson()).toEqual({ event: 'over' });
    expect(await clients[1].nextText()).toBe('to all');
    expect(await clients[1].next()).toEqual(Buffer.of(1, 2, 3));
    expect([room.size, (await rooms.find(PollRoom, 'a'))?.size]).toEqual([0, 2]);
    expect(await room.close('enough')).toBe(true);
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(
      clients.map(() => ({ code: 1000, reason: 'enough' })),
    );
  });

  it('gives handles that stand for the id: they reach the room that is made anew', async () => {
    const room = await rooms.create(PollRoom, 'a');
    await room.invoke('vote', 'pizza', 5);
    await room.close();
    await expect(room.invoke('vote', 'pizza')).rejects.toMatchObject({ code: 'room_not_found' });
    await rooms.create(PollRoom, 'a');
    expect(await room.invoke('vote', 'pizza')).toBe(1);
  });

  it('rejects what a handle cannot do, throws nothing at once, and the room goes on', async () => {
    const room = await rooms.create(PollRoom, 'a');
    const circle: unknown[] = [];
    circle.push(circle);
    for (const [call, mistake] of [
      [() => room.sendMessage(undefined as never, 'x'), { code: 'bad_recipient' }],
      [() => room.sendMessage([1, null] as never, 'x'), { code: 'bad_recipient' }],
      [() => room.sendMessage(['1'] as never, 'x'), { code: 'bad_recipient' }],
      [() => room.sendMessage(everyoneExcept(undefined as never), 'x'), { code: 'bad_recipient' }],
      [() => room.sendMessage(Broadcast, 1 as never), { name: 'TypeError' }],
      [() => room.sendMessage(Broadcast, 'x'.repeat(5 << 20)), { code: 'message_too_large' }],
      [() => room.sendBinary(Broadcast, 'x' as never), { name: 'TypeError' }],
      [() => room.emit(Broadcast, 'leading', circle as never), { name: 'TypeError' }],
      [() => room.close('x'.repeat(124)), { code: 'bad_close_code' }],
      [() => room.invoke('fail'), { message: 'cannot be counted' }],
    ] as [() => Promise<unknown>, object][]) {
      await expect(call()).rejects.toMatchObject(mistake);
    }
    expect(await room.invoke('vote', 'pizza')).toBe(1);
  });

  it('names rooms of longer paths by all their parameters', async () => {
    await rooms.create(GameRoom, { game: 'chess', room: 'a/b' });
    expect(await rooms.invoke(GameRoom, { game: 'chess', room: 'a/b' }, 'where')).toEqual({
      game: 'chess',
      room: 'a/b',
    });
    expect((await rooms.find(GameRoom, { room: 'a/b', game: 'chess' }))?.params).toEqual({
      game: 'chess',
      room: 'a/b',
    });
    expect(await rooms.find(GameRoom, { game: 'go', room: 'a/b' })).toBeUndefined();
    await expect(rooms.create(GameRoom, 'a')).rejects.toMatchObject({ code: 'bad_room_id' });
    expect(await rooms.close(GameRoom, { game: 'chess', room: 'a/b' })).toBe(true);
  });

  it.each([
    ['a room that exists', () => rooms.create(PollRoom, 'a').then(() => rooms.create(PollRoom, 'a')), 'room_exists'],
    ['an empty id', () => rooms.create(PollRoom, ''), 'bad_room_id'],
    ['control characters', () => rooms.create(PollRoom, 'a\nb'), 'bad_room_id'],
    ['an id that is too long', () => rooms.create(PollRoom, 'x'.repeat(129)), 'bad_room_id'],
    ['a class that is no room service', () => rooms.create(Stranger), 'not_a_room_service'],
    ['a call of a room that is not there', () => rooms.invoke(PollRoom, 'nowhere', 'vote', 'pizza'), 'room_not_found'],
    ['finding a class that is no room service', () => rooms.find(Stranger, 'a'), 'not_a_room_service'],
    ['finding an empty id', () => rooms.find(PollRoom, ''), 'bad_room_id'],
    ['a call of a class that is no room service', () => rooms.invoke(Stranger, 'a', 'greet'), 'not_a_room_service'],
  ] as [string, () => Promise<unknown>, string][])('refuses %s', async (_what, call, code) => {
    const isRefusal = !['not_a_room_service'].includes(code);
    await expect(call()).rejects.toMatchObject({ name: isRefusal ? 'RefusedError' : 'JamsocketError', code });
  });

  it('rejects with the error of a failed @OnCreate', async () => {
    await expect(rooms.create(PollRoom, 'broken')).rejects.toThrow('no ballot box');
    expect(await rooms.find(PollRoom, 'broken')).toBeUndefined();
  });

  it('takes __proto__ and constructor for ordinary room ids', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect(await rooms.find(PollRoom, id)).toBeUndefined();
      await rooms.create(PollRoom, id);
      expect(await rooms.invoke(PollRoom, id, 'vote', id)).toBe(1);
    }
  });

  describe('a room that invokes', () => {
    async function ask(event: string, data?: unknown) {
      const client = await TestClient.connect(`${started.ws}/ws/mirror/self`);
      client.emit(event, data, 1);
      const answer = await client.nextJson<{ data: unknown }>();
      return answer.data;
    }

    it.each(['directly', 'later', 'later, declared', 'through a handle'])(
      'itself, %s, is refused instead of waiting for itself',
      async (event) => {
        expect(await ask(event)).toBe('room_invokes_itself');
      },
    );

    it('itself is refused in a method that has waited before without being declared async', async () => {
      expect(await ask('later, undeclared', false)).toBe('waited');
      expect(await ask('later, undeclared', true)).toBe('room_invokes_itself');
    });

    it('itself through another room is refused too', async () => {
      await rooms.create(MirrorRoom, 'other');
      expect(await ask('through another', 'other')).toBe('room_invokes_itself');
    });

    it('another room, which invokes itself, gets its refusal', async () => {
      await rooms.create(MirrorRoom, 'other');
      expect(await ask('another itself', 'other')).toBe('room_invokes_itself');
    });

    it('itself is refused in a stream, which the turn waits for', async () => {
      expect(await ask('in a stream')).toBe('room_invokes_itself');
    });

    it('itself may do so when the turn is over', async () => {
      const client = await TestClient.connect(`${started.ws}/ws/mirror/self`);
      client.emit('leave running');
      await client.until('{"event":"leave running","data":"left"}');
      gate.open();
      expect(await client.nextJson()).toEqual({ event: 'left running', data: 'I am self' });
    });

    it('another room gets its answer', async () => {
      await rooms.create(MirrorRoom, 'other');
      expect(await ask('other', 'other')).toBe('I am other');
    });

    it('from a timer may do so', async () => {
      const client = await TestClient.connect(`${started.ws}/ws/mirror/self`);
      client.emit('after');
      await client.until('{"event":"after","data":"set"}');
      expect(await client.nextJson()).toEqual({ event: 'after', data: 'I am made by self' });
    });

    it.each(['close', 'close by handle'])('may close itself (%s)', async (event) => {
      const client = await TestClient.connect(`${started.ws}/ws/mirror/self`);
      client.emit(event);
      expect(await client.closed).toEqual({ code: 1000, reason: 'by myself' });
    });
  });
});
