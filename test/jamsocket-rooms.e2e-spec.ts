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
  type Client,
} from 'nestjs-jamsocket';
import { defer } from 'rxjs';
import request from 'supertest';
import { Gate, Journal } from './support/gate.js';
import { EXPRESS_ALONE, HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let gate: Gate;

@JamsocketService('poll')
class PollRoom {
  private readonly votes = new Map<string, number>();

  constructor(private readonly ctx: JamsocketContext) {}

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

/** Calls itself in every way there is. */
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

  /** Does not wait itself: only its answer is waited for. */
  @OnMessage('another itself')
  anotherItself(_client: Client, other: string) {
    return this.rooms.invoke(MirrorRoom, other, 'lookAt', other);
  }

  @OnMessage('in a stream')
  inStream() {
    return defer(() => this.rooms.invoke(MirrorRoom, this.ctx.roomId, 'look').catch(codeOf));
  }

  /** What it leaves running goes on when its turn is over. */
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

  /** A new turn, in which the one that set it has no part any more. */
  @OnTimer()
  async onTimer() {
    const name = `made by ${this.ctx.roomId}`;
    await this.rooms.create(MirrorRoom, name);
    this.ctx.emit(Broadcast, 'after', await this.rooms.invoke(MirrorRoom, name, 'look'));
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
    return this.rooms.list(PollRoom).map(({ roomId, clients }) => ({ roomId, clients: clients.size }));
  }

  @Post()
  async create(@Query('id') id?: string) {
    const { roomId } = await this.rooms.create(PollRoom, id);
    return { roomId };
  }

  @Post(':id/votes/:name')
  async vote(@Param('id') id: string, @Param('name') name: string) {
    return { votes: await this.rooms.invoke(PollRoom, id, 'vote', name) };
  }

  @Post(':id/announcements')
  @HttpCode(204)
  announce(@Param('id') id: string) {
    this.rooms.get(PollRoom, id)?.sendMessage(Broadcast, 'the polls close soon');
  }

  @Get('all')
  all() {
    const [client] = [...(this.rooms.list(PollRoom)[0]?.clients.values() ?? [])];
    return { rooms: this.rooms.list(PollRoom), client };
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

  it('answers with the status and the code of what could not be done, and with contexts as JSON', async () => {
    const api = request(started.http);
    const client = await TestClient.connect(`${started.ws}/ws/poll/lunch`);
    await client.nextText();
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

  it('creates, lists, gets, invokes and closes rooms', async () => {
    const api = request(started.http);
    expect((await api.post('/polls?id=lunch')).body).toEqual({ roomId: 'lunch' });
    const client = await TestClient.connect(`${started.ws}/ws/poll/lunch`);
    expect(await client.nextText()).toBe('poll lunch');
    expect((await api.get('/polls')).body).toEqual([{ roomId: 'lunch', clients: 1 }]);

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
    expect(started.app.get(JamsocketRooms).get(PollRoom, body.roomId)?.roomId).toBe(body.roomId);
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
    expect(rooms.list().map(({ service, roomId }) => `${service}/${roomId}`)).toEqual(['poll/a', 'mirror/b']);
    expect(rooms.list(MirrorRoom).map(({ roomId }) => roomId)).toEqual(['b']);
  });

  it('invokes as a turn: after the handler that runs, before the message that comes next', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/poll/a`);
    client.send('first');
    await journal.has('first begins');
    const invoked = rooms.invoke(PollRoom, 'a', 'vote', 'pizza', 3);
    client.send('second');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(journal.entries).toEqual(['first begins']);
    gate.open();
    expect(await invoked).toBe(3);
    await journal.has('second ends');
    expect(journal.entries).toEqual(['first begins', 'first ends', 'vote for pizza', 'second begins', 'second ends']);
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
    rooms.get(PollRoom, 'a')!.close();
    await expect(rooms.invoke(PollRoom, 'a', 'vote', 'pizza')).rejects.toMatchObject({ code: 'room_not_found' });
    await client.closed;
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

  it('names rooms of longer paths by all their parameters', async () => {
    await rooms.create(GameRoom, { game: 'chess', room: 'a/b' });
    expect(await rooms.invoke(GameRoom, { game: 'chess', room: 'a/b' }, 'where')).toEqual({
      game: 'chess',
      room: 'a/b',
    });
    expect(rooms.get(GameRoom, { game: 'go', room: 'a/b' })).toBeUndefined();
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
    ['a call of a class that is no room service', () => rooms.invoke(Stranger, 'a', 'greet'), 'not_a_room_service'],
  ] as [string, () => Promise<unknown>, string][])('refuses %s', async (_what, call, code) => {
    const isRefusal = !['not_a_room_service'].includes(code);
    await expect(call()).rejects.toMatchObject({ name: isRefusal ? 'RefusedError' : 'JamsocketError', code });
  });

  it('rejects with the error of a failed @OnCreate', async () => {
    await expect(rooms.create(PollRoom, 'broken')).rejects.toThrow('no ballot box');
    expect(rooms.get(PollRoom, 'broken')).toBeUndefined();
  });

  it('takes __proto__ and constructor for ordinary room ids', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect(rooms.get(PollRoom, id)).toBeUndefined();
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

    it.each(['directly', 'later', 'later, declared'])(
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

    it('may close itself', async () => {
      const client = await TestClient.connect(`${started.ws}/ws/mirror/self`);
      client.emit('close');
      expect(await client.closed).toEqual({ code: 1000, reason: 'by myself' });
    });
  });
});
