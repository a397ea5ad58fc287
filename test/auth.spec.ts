import {
  ForbiddenException,
  ServiceUnavailableException,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketRooms,
  JamsocketService,
  MemoryStore,
  OnAuth,
  OnConnect,
  OnDisconnect,
  OnMessage,
  OnResume,
  State,
  type Admitted,
  type Client,
  type ClientAuth,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { Gate } from './support/gate.js';

useLeakGuard();

const PROTOCOL = 'jamsocket.v1';
const SECOND = 1_000;
const DAY = 24 * 3_600;
const START = Date.UTC(2000, 0);
/** In virtual time, seconds after the start. */
const at = (seconds: number) => new Date(START + seconds * SECOND);

let asked: string[] = [];
let guardGate: Gate | undefined;

/** Tokens are `<user>,<seconds until which it is valid>`, or one of a few words. */
class Doorman implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const client = context.switchToWs().getClient<Client>();
    const request = context.switchToHttp().getRequest<{ user?: string; headers: Record<string, string> }>();
    const token = client.request.token ?? '';
    asked.push(`${token}${request.user === undefined ? '' : ' known'}`);
    await guardGate?.opened;
    if (token === 'forged') throw new UnauthorizedException({ code: 'forged' });
    if (token === 'banned') throw new ForbiddenException();
    if (token === 'no') return false;
    if (token === 'broken') throw new ServiceUnavailableException();
    const [user, expires] = token.split(',');
    request.user = user;
    client.data = `found ${token}`;
    if (expires) client.setAuth({ user, expiresAt: at(Number(expires)) });
    else if (user) client.setAuth({ user });
    return true;
  }
}

@JamsocketService({ durable: { save: 'turn' } })
class SafeRoom {
  @State() log: string[] = [];

  @UseGuards(Doorman)
  @OnConnect()
  connect(client: Client<string>) {
    client.data = `${client.data}, kept`;
    this.log.push(`connect ${client.user}`);
  }

  @OnResume()
  resume(client: Client<string>, _ctx: unknown, admitted: Admitted<string>) {
    this.log.push(`resume ${client.user} ${client.data} / ${admitted.data}`);
    client.data = admitted.data;
  }

  @OnAuth()
  renewed(client: Client<string>, _ctx: unknown, admitted: Admitted<string>) {
    this.log.push(`auth ${client.user} ${client.data} / ${admitted.data} ${client.request.user}`);
  }

  @OnMessage('login')
  login(client: Client, auth: ClientAuth) {
    client.setAuth({ ...auth, ...(auth.expiresAt && { expiresAt: new Date(auth.expiresAt) }) });
    return client.user;
  }

  @OnMessage()
  message(_client: Client, text: string) {
    this.log.push(`text ${text}`);
    return text;
  }

  @OnDisconnect()
  disconnect(client: Client) {
    this.log.push(`disconnect ${client.user} ${client.closed?.code}`);
  }
}

const EXPIRED = { code: 4401, reason: '{"code":"auth_expired"}' };

describe('the authentication of a client', () => {
  let room: TestRoom<SafeRoom>;

  beforeEach(async () => {
    asked = [];
    guardGate = undefined;
    room = await createTestRoom(SafeRoom, { providers: [Doorman] });
  });
  afterEach(() => room.close());

  /** A client of jamsocket.v1, with the token of its present connection. */
  async function join(token: string, resume?: { token: string; received: number }) {
    const protocols = [PROTOCOL, ...(resume ? [`jamsocket.resume.${resume.token}.${resume.received}`] : [])];
    const client = await room.connect({ protocols, query: { token } });
    const welcome = await client.nextJson<{ jamsocket: string; resumed: boolean; lost?: string; client: number }>();
    client.send(JSON.stringify({ jamsocket: welcome.jamsocket }));
    await room.settle();
    return Object.assign(client, { welcome });
  }

  /** How often the client was asked since the last call; other frames are dropped. */
  const questions = (client: RoomClient) => client.unread().filter((frame) => String(frame).includes('"auth":true'));

  async function answer(client: Awaited<ReturnType<typeof join>>, token: unknown) {
    client.send(JSON.stringify({ jamsocket: client.welcome.jamsocket, auth: token }));
    await room.settle();
  }

  it('ends: a client without jamsocket.v1 is closed with 4401', async () => {
    const client = await room.connect({ query: { token: 'ann,60' } });
    expect(client.client.user).toBe('ann');
    await room.advance(59_900);
    expect(client.isClosed).toBe(false);
    await room.advance(100);
    expect(await client.closed).toEqual(EXPIRED);
    expect(room.service.log).toEqual(['connect ann', 'disconnect ann 4401']);
    expect(client.received.filter((frame) => String(frame).includes('"auth"'))).toEqual([]);
  });

  it('is renewed over the open connection: the guards see the request with the new token only', async () => {
    const client = await join('ann,60');
    await room.advance(29_900);
    expect(questions(client)).toHaveLength(0);
    await room.advance(100);
    expect(questions(client)).toEqual([`{"jamsocket":"${client.welcome.jamsocket}","auth":true}`]);
    await answer(client, 'ann,600');
    expect(asked).toEqual(['ann,60', 'ann,600']);
    expect(room.service.log).toEqual(['connect ann', 'auth ann found ann,60, kept / found ann,600 ann']);
    expect(client.client.request.query.get('token')).toBe('ann,600');
    await room.advance(539 * SECOND);
    expect(questions(client)).toHaveLength(0);
    await room.advance(SECOND);
    expect(questions(client)).toHaveLength(1);
    // The answers are no messages.
    client.send('hello');
    await room.settle();
    expect(client.client.session!.received).toBe(1);
  });

  it('is asked for again and again until it ends, and then the client is closed', async () => {
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    await room.advance(15 * SECOND);
    expect(questions(client)).toHaveLength(2);
    await room.advance(14_900);
    expect(questions(client).length).toBeGreaterThan(2);
    await room.advance(100);
    expect(await client.closed).toEqual(EXPIRED);
  });

  it('that is short is asked for after half of it', async () => {
    const client = await join('ann,4');
    await room.advance(2 * SECOND);
    expect(questions(client)).toHaveLength(1);
  });

  it.each([
    ['forged', 4401, '{"code":"forged"}'],
    ['banned', 4403, '{"code":"guard"}'],
    ['no', 4403, '{"code":"guard"}'],
    ['bob,600', 4401, '{"code":"another_user"}'],
  ])('is not renewed by the token %s: the client is closed with %i', async (token, code, reason) => {
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    await answer(client, token);
    expect(await client.closed).toEqual({ code, reason });
    expect(room.service.log).toEqual(['connect ann', `disconnect ann ${code}`]);
  });

  it('may be renewed later if a guard is out of order', async () => {
    await room.close();
    room = await createTestRoom(SafeRoom, { providers: [Doorman], logger: false });
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    await answer(client, 'broken');
    await room.advance(15 * SECOND);
    expect(questions(client)).toHaveLength(2);
    await answer(client, 'ann,600');
    await room.advance(60 * SECOND);
    expect(client.isClosed).toBe(false);
  });

  it('that a guard admits without a new end still ends', async () => {
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    await answer(client, ',');
    await room.advance(30 * SECOND);
    expect(await client.closed).toEqual(EXPIRED);
  });

  it.each([1, null, '', 'a\r\nb', 'x'.repeat(16_385), { a: 1 }])(
    'is not renewed by an answer such as %j',
    async (token) => {
      const client = await join('ann,60');
      await room.advance(30 * SECOND);
      await answer(client, token);
      expect((await client.closed).code).toBe(1002);
      expect(asked).toHaveLength(1);
    },
  );

  it('asks the guards once for each question, however many answers come', async () => {
    const client = await join('ann,60');
    await answer(client, 'early: an ordinary message, since nobody has asked');
    expect(asked).toHaveLength(1);
    expect(room.service.log.at(-1)).toMatch(/^text .*early/);
    await room.advance(30 * SECOND);
    guardGate = new Gate();
    for (let count = 0; count < 5; count++) await answer(client, 'ann,600');
    expect(asked).toHaveLength(2);
    // While the guard thinks, nobody is asked.
    await room.advance(15 * SECOND);
    expect(questions(client)).toHaveLength(1);
    guardGate.open();
    await room.settle();
    for (let count = 0; count < 5; count++) await answer(client, 'bob,600');
    expect(asked).toHaveLength(2);
    await room.advance(60 * SECOND);
    expect(client.isClosed).toBe(false);
    expect(room.service.log.filter((line) => line.startsWith('text'))).toHaveLength(1);
  });

  it('ends in spite of a guard that does not answer', async () => {
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    guardGate = new Gate();
    await answer(client, 'ann,600');
    await room.advance(30 * SECOND);
    expect(await client.closed).toEqual(EXPIRED);
    guardGate.open();
    await room.settle();
    expect(room.service.log).toEqual(['connect ann', 'disconnect ann 4401']);
  });

  it('is that of the new connection after a resume, and @OnResume sees what the guards have found', async () => {
    const first = await join('ann,60');
    await first.drop();
    const { jamsocket: token } = first.welcome;
    const second = await join('ann,600', { token, received: 0 });
    expect(second.welcome).toMatchObject({ client: 1, resumed: true });
    expect(room.service.log).toEqual(['connect ann', 'resume ann found ann,60, kept / found ann,600']);
    await room.advance(120 * SECOND);
    expect(second.isClosed).toBe(false);
    await room.advance(450 * SECOND);
    expect(questions(second)).toHaveLength(1);
    // The question of a connection that is lost is asked again on the next one.
    await second.drop();
    const third = await join(',', { token: second.welcome.jamsocket, received: 0 });
    expect(third.client.user).toBe('ann');
    await room.advance(15 * SECOND);
    expect(questions(third)).toHaveLength(1);
    await room.advance(15 * SECOND);
    expect(await third.closed).toEqual(EXPIRED);
  });

  it('of another user cannot resume: the earlier client leaves, and a new one joins', async () => {
    const first = await join('ann,60');
    await first.drop();
    const second = await join('bob,60', { token: first.welcome.jamsocket, received: 0 });
    expect(second.welcome).toMatchObject({ client: 2, resumed: false, lost: 'unknown' });
    expect(room.service.log).toEqual(['connect ann', 'disconnect ann 1013', 'connect bob']);
  });

  it('that ends while the client is away is looked at when it comes back', async () => {
    const first = await join('ann,20');
    await room.advance(15 * SECOND);
    await first.drop();
    await room.advance(10 * SECOND);
    expect(room.context.clients.size).toBe(1);
    const second = await join(',', { token: first.welcome.jamsocket, received: 0 });
    await room.advance(1);
    expect(await second.closed).toEqual(EXPIRED);
  });

  it('that has ended before the connect is refused', async () => {
    await room.advance(10 * SECOND);
    await expect(room.connect({ query: { token: 'ann,10' } })).rejects.toMatchObject({
      status: 401,
      body: { code: 'auth_expired' },
    });
    expect(room.context.clients.size).toBe(0);
  });

  it('may be set and changed by any handler, and is refused with a clear error', async () => {
    const client = await room.connect();
    const login = async (auth: object) => (await client.request<any>('login', auth)).data as string;
    expect(await login({ user: 'ann', expiresAt: at(10) })).toBe('ann');
    expect(await login({ user: 'bob', expiresAt: at(20) })).toBe('bob');
    await room.advance(15 * SECOND);
    expect(client.isClosed).toBe(false);
    expect(client.client.user).toBe('bob');
    for (const [auth, message] of [
      [{ user: 7 }, /string, not by a value of type number: use String\(id\)/],
      [{ user: '' }, /1 to 128 characters/],
      [{ user: 'a\nb' }, /no control characters/],
      [{ user: 'x'.repeat(129) }, /1 to 128 characters/],
      [{ expiresAt: new Date(NaN) }, /valid Date/],
      [{ expiresAt: 1_700_000_000 }, /new Date\(exp \* 1000\)/],
      [null, /takes \{ user, expiresAt \}, not null/],
    ] as const)
      expect(() => client.client.setAuth(auth as never)).toThrow(
        expect.objectContaining({ code: 'bad_auth', message: expect.stringMatching(message) }),
      );
    expect(client.client.user).toBe('bob');
    await room.advance(5 * SECOND);
    expect(await client.closed).toEqual(EXPIRED);
  });

  it('of months ends no earlier', async () => {
    await room.close();
    room = await createTestRoom(SafeRoom, { providers: [Doorman], options: { heartbeat: false } });
    const client = await room.connect({ query: { token: `ann,${60 * DAY}` } });
    await room.advance(59 * DAY * SECOND);
    expect(client.isClosed).toBe(false);
    await room.advance(DAY * SECOND);
    expect(await client.closed).toEqual(EXPIRED);
  });

  it('survives a crash with the place of the client', async () => {
    const first = await join('ann,60');
    await room.crash();
    expect([...room.context.clients.values()].map(({ user }) => user)).toEqual(['ann']);
    const second = await join(',', { token: first.welcome.jamsocket, received: 0 });
    expect(second.welcome).toMatchObject({ client: 1, resumed: true });
    await room.advance(30 * SECOND);
    expect(questions(second)).toHaveLength(1);
    await answer(second, 'ann,90');
    await room.crash();
    const third = await join(',', { token: second.welcome.jamsocket, received: 0 });
    await room.advance(59 * SECOND);
    expect(third.isClosed).toBe(false);
    await room.advance(SECOND);
    expect(await third.closed).toEqual(EXPIRED);
  });

  it('that is set outside of a turn survives a crash, too', async () => {
    await join('ann,60');
    [...room.context.clients.values()][0].setAuth({ user: 'bob', expiresAt: at(600) });
    await room.settle();
    await room.crash();
    expect([...room.context.clients.values()].map(({ auth }) => auth)).toEqual([
      { user: 'bob', expiresAt: at(600).getTime() },
    ]);
  });

  it('that a handler sets while a guard looks at a token counts', async () => {
    const client = await join('ann,60');
    await room.advance(30 * SECOND);
    guardGate = new Gate();
    await answer(client, 'ann,70');
    client.client.setAuth({ user: 'ann', expiresAt: at(600) });
    guardGate.open();
    await room.advance(100 * SECOND);
    expect(client.isClosed).toBe(false);
    expect(client.client.request.query.get('token')).toBe('ann,60');
  });
});

@JamsocketService({ path: 'lobby', limits: { maxBufferedBytes: 2_000 } })
class LobbyRoom {
  constructor(private readonly rooms: JamsocketRooms) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`in ${client.roomId}`);
  }

  @OnMessage()
  tell(_client: Client, text: string) {
    const [user, word] = text.split(' ');
    return this.rooms.sendToUser(user, word).then(({ clients }) => String(clients));
  }
}

describe('a user', () => {
  let lobby: TestRoom<LobbyRoom>;
  let rooms: JamsocketRooms;

  beforeEach(async () => {
    lobby = await createTestRoom(LobbyRoom, { providers: [SafeRoom, Doorman], options: { store: new MemoryStore() } });
    rooms = lobby.rooms;
  });
  afterEach(() => lobby.close());

  const idsOf = async (user: string) => (await rooms.of(user)).map(({ service, id }) => `${service} ${id}`).sort();

  it('is reached in all rooms and on all devices, by other rooms and by controllers', async () => {
    const second = await lobby.openRoom(LobbyRoom, 'second');
    const safe = await lobby.openRoom(SafeRoom, 'safe');
    const phone = await lobby.connect({ user: 'ann' });
    const laptop = await lobby.connect({ user: 'ann' });
    const elsewhere = await second.connect({ user: 'ann' });
    const saved = await safe.connect({ query: { token: 'ann' } });
    const bob = await lobby.connect({ user: 'bob' });
    const stranger = await lobby.connect();
    for (const client of [phone, laptop, elsewhere, saved, bob, stranger]) client.unread();

    expect(await idsOf('ann')).toEqual(['default safe', `lobby ${lobby.roomId}`, 'lobby second'].sort());
    expect((await rooms.of('ann', SafeRoom)).map(({ id }) => id)).toEqual(['safe']);
    expect(await idsOf('nobody')).toEqual([]);
    bob.send('ann hello');
    await lobby.settle();
    for (const client of [phone, laptop, elsewhere, saved]) expect(client.unread()).toEqual(['hello']);
    expect([bob.unread(), stranger.unread()]).toEqual([['4'], []]);

    expect(await rooms.emitToUser('ann', 'news', { n: 1 })).toEqual({ clients: 4, missing: [] });
    expect(await rooms.sendToUser('bob', Buffer.from([1, 2]))).toMatchObject({ clients: 1 });
    expect(await rooms.sendToUser('nobody', 'x')).toMatchObject({ clients: 0 });
    await lobby.settle();
    expect(phone.unread()).toEqual(['{"event":"news","data":{"n":1}}']);
    expect(bob.unread()).toEqual([Buffer.from([1, 2])]);
    expect(stranger.unread()).toEqual([]);

    await phone.close();
    await elsewhere.close();
    expect(await idsOf('ann')).toEqual(['default safe', `lobby ${lobby.roomId}`].sort());
    laptop.client.setAuth({ user: 'carl' });
    expect([await idsOf('ann'), await idsOf('carl')]).toEqual([['default safe'], [`lobby ${lobby.roomId}`]]);
    laptop.client.setAuth({});
    expect(await idsOf('carl')).toEqual([]);
  });

  it('is there while the client is away, after a restart, and not after the room', async () => {
    const safe = await lobby.openRoom(SafeRoom, 'safe');
    const client = await safe.connect({ protocols: [PROTOCOL], query: { token: 'ann' } });
    await client.drop();
    expect(await rooms.sendToUser('ann', 'while away')).toMatchObject({ clients: 1 });
    await lobby.restart();
    rooms = lobby.rooms;
    // The room is saved and does not run.
    expect(await idsOf('ann')).toEqual([]);
    await lobby.openRoom(SafeRoom, 'safe');
    expect(await idsOf('ann')).toEqual(['default safe']);
    await rooms.close(SafeRoom, 'safe');
    expect(await idsOf('ann')).toEqual([]);
  });

  it('gets what fits into each room, and the caller hears of the rest', async () => {
    const safe = await lobby.openRoom(SafeRoom, 'safe');
    const small = await lobby.connect({ user: 'ann' });
    const large = await safe.connect({ query: { token: 'ann' } });
    small.unread();
    await expect(rooms.sendToUser('ann', 'x'.repeat(3_000))).rejects.toMatchObject({ code: 'message_too_large' });
    await lobby.settle();
    expect([small.unread().length, large.unread().length]).toEqual([0, 1]);
    await expect(rooms.of('')).rejects.toMatchObject({ code: 'bad_auth' });
    await expect(rooms.sendToUser(7 as never, 'x')).rejects.toThrow(/String\(id\)/);
    await expect(rooms.sendToUser('ann', {} as never)).rejects.toThrow(TypeError);
    await expect(rooms.of('ann', Doorman)).rejects.toMatchObject({ code: 'not_a_room_service' });
  });
});
