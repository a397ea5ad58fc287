import { ForbiddenException, UnauthorizedException, UseGuards, type CanActivate } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  OnResume,
  tagged,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { setImmediate } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let letIn = true;
let gate: Gate | undefined;

class Door implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    if (client.request.query.get('who') === 'stranger') throw new UnauthorizedException();
    if (!letIn) throw new ForbiddenException();
    return true;
  }
}

@JamsocketService()
class Room {
  constructor(private readonly ctx: JamsocketContext) {}

  @UseGuards(Door)
  @OnConnect()
  connect(client: Client) {
    client.data = `data of ${client.id}`;
    client.tag('red');
    journal.add(`connect ${client.id}`);
  }

  @OnResume()
  resumed(client: Client<string>) {
    journal.add(`resume ${client.id} ${client.data} ${[...client.tags].join()} ${client.request.query.get('again')}`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    journal.add(`${client.id}: ${text}`);
    return gate?.opened;
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`disconnect ${client.id} ${client.closed?.code}`);
  }

  say(text: string, volatile = false) {
    this.ctx.sendMessage(Broadcast, text, { volatile });
  }

  moved(id: number) {
    this.ctx.sendMessage(everyoneExcept(id), 'cursor', { volatile: true });
  }

  sayAllKinds() {
    const { ctx } = this;
    ctx.sendMessage(Broadcast, 'to all');
    ctx.sendMessage(1, 'to 1');
    ctx.sendMessage(2, 'to 2');
    ctx.sendMessage(everyoneExcept(1), 'not to 1');
    ctx.sendMessage(everyoneExcept(2), 'not to 2');
    ctx.sendMessage([1, 2], 'to 1 and 2');
    ctx.sendMessage(tagged('red'), 'to red');
    ctx.clients.get(1)?.sendMessage('to 1 by itself');
    ctx.emit(Broadcast, 'end');
  }

  whoIsHere() {
    return [...this.ctx.clients.values()].map(({ id, isConnected }) => `${id} ${isConnected}`);
  }

  kick(id: number, code = 4000) {
    this.ctx.clients.get(id)?.close(code, 'kicked');
  }
}

const END = '{"event":"end"}';

describe('a client whose connection is lost', () => {
  let test: TestApp;
  let rooms: JamsocketRooms;
  let lobby: string;

  async function start(options: JamsocketOptions = {}) {
    test = await startTestApp({ providers: [Room, Door], options });
    rooms = test.app.get(JamsocketRooms);
    lobby = `${test.ws}/ws/lobby`;
  }

  /** The server has noticed that this client's connection is lost. */
  async function untilAway(id: number) {
    while (!(await rooms.invoke(Room, 'lobby', 'whoIsHere')).includes(`${id} false`)) await setImmediate();
  }

  beforeEach(() => {
    journal.clear();
    letIn = true;
    gate = undefined;
  });

  afterEach(() => test.close());

  it('is welcomed before anything else, and counts nothing but data', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    expect(client.connection.socket.protocol).toBe('jamsocket.v1');
    expect(client.welcome).toEqual({
      jamsocket: expect.stringMatching(/^[\w-]{22}$/),
      client: 1,
      resumed: false,
      received: 0,
      handled: 0,
      windowMs: 30_000,
      heartbeatMs: 10_000,
      beatMs: 9_000,
    });
    client.send('hello');
    await journal.has('1: hello');
    expect(journal.entries).toEqual(['connect 1', '1: hello']);
  });

  it('continues where it stopped, with everything it missed in order', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const other = await ResumingClient.connect(lobby);
    await rooms.invoke(Room, 'lobby', 'say', 'before');
    await client.until('before');
    await client.cut();
    await expect(rooms.invoke(Room, 'lobby', 'whoIsHere')).resolves.toContain('2 true');
    await rooms.invoke(Room, 'lobby', 'sayAllKinds');
    const first = client.welcome.jamsocket;

    const welcome = await client.resume();
    expect(welcome).toMatchObject({ client: 1, resumed: true, received: 0 });
    expect(welcome.jamsocket).not.toBe(first);
    client.confirm();
    await client.until(END);
    expect(client.messages).toEqual([
      'before',
      'to all',
      'to 1',
      'not to 2',
      'to 1 and 2',
      'to red',
      'to 1 by itself',
      END,
    ]);
    await other.until(END);
    expect(other.messages).toEqual(['before', 'to all', 'to 2', 'not to 1', 'to 1 and 2', 'to red', END]);
    await journal.has('resume 1 data of 1 red null');
    expect(journal.entries).toEqual(['connect 1', 'connect 2', 'resume 1 data of 1 red null']);
  });

  it('is in the room meanwhile, but not connected', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await untilAway(1);
    await expect(rooms.invoke(Room, 'lobby', 'whoIsHere')).resolves.toEqual(['1 false', '2 true']);
    await other.close();
  });

  it('gets the messages that were on their way, none twice', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    for (const text of ['a', 'b', 'c', 'd']) await rooms.invoke(Room, 'lobby', 'say', text);
    await client.until('d');
    await client.cut();
    await client.resume(2);
    await expect(client.connection.nextText()).resolves.toBe('c');
    await expect(client.connection.nextText()).resolves.toBe('d');
    client.confirm();
    await client.cut();
    await client.resume(3);
    await expect(client.connection.nextText()).resolves.toBe('d');
    await rooms.invoke(Room, 'lobby', 'say', 'e');
    await expect(client.connection.nextText()).resolves.toBe('e');
  });

  it('hears how much of it has been handled, while it sends and when it comes back', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    for (let number = 1; number <= 70; number++) client.send(`message ${number}`);
    await journal.has('1: message 70');
    await rooms.invoke(Room, 'lobby', 'say', 'end');
    await client.until('end');
    expect(client.acknowledged).toEqual([32, 64]);
    await client.cut();
    await expect(client.resume()).resolves.toMatchObject({ resumed: true, received: 70, handled: 70 });
  });

  it('has its heartbeats answered without a turn of the room, and they count for nothing', async () => {
    await start({ limits: { messagesPerSecond: { rate: 1, burst: 3 } } });
    const client = await ResumingClient.connect(lobby);
    gate = new Gate();
    client.send('busy');
    await journal.has('1: busy');
    const answer = { jamsocket: client.welcome.jamsocket, handled: expect.any(Number) };
    for (let beat = 0; beat < 10; beat++) client.beat();
    for (let beat = 0; beat < 10; beat++) expect(await client.connection.nextJson()).toEqual(answer);
    gate.open();
    client.send('{"jamsocket":"of somebody else"}');
    await journal.has('1: {"jamsocket":"of somebody else"}');
    expect(journal.entries).toEqual(['connect 1', '1: busy', '1: {"jamsocket":"of somebody else"}']);
    await client.cut();
    await expect(client.resume()).resolves.toMatchObject({ resumed: true, received: 2 });
    client.confirm();
    client.beat();
    expect(await client.connection.nextJson()).toMatchObject({ jamsocket: client.welcome.jamsocket });
  });

  it('has left if it has not come back in time', async () => {
    await start({ resume: { windowMs: 30 } });
    const client = await ResumingClient.connect(lobby);
    expect(client.welcome.windowMs).toBe(30);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await journal.has('disconnect 1 1006');
    await expect(client.resume()).resolves.toMatchObject({ client: 3, resumed: false, lost: 'unknown' });
    await other.close();
  });

  it.each(['', 'x', 'x.0', '.0', `${'x'.repeat(22)}`, `${'x'.repeat(22)}.-1`, `${'x'.repeat(22)}.1e3`])(
    'is told that its place is lost if it asks for it with %j',
    async (malformed) => {
      await start();
      const client = await TestClient.connect(lobby, {}, ['jamsocket.v1', `jamsocket.resume.${malformed}`]);
      await expect(client.nextJson()).resolves.toMatchObject({ client: 1, resumed: false, lost: 'unknown' });
    },
  );

  it('has left at once when it says so', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    await client.connection.close(1000);
    await journal.has('disconnect 1 1000');
  });

  it.each<[string, JamsocketOptions]>([
    ['not kept any more', { resume: { maxLogBytes: 1_000 } }],
    ['more than half of what may wait for it', { limits: { maxBufferedBytes: 4_000 } }],
  ])('begins anew when what it missed is %s', async (_what, options) => {
    await start(options);
    const client = await ResumingClient.connect(lobby);
    await client.cut();
    for (let number = 0; number < 10; number++) await rooms.invoke(Room, 'lobby', 'say', 'x'.repeat(200));
    await expect(client.resume(0)).resolves.toMatchObject({ client: 2, resumed: false, lost: 'gap' });
    client.confirm();
    await journal.has('connect 2');
    expect(journal.entries).toEqual(['connect 1', 'disconnect 1 1013', 'connect 2']);
  });

  it('cannot use a token again once it has shown that it has the next one', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const first = client.welcome.jamsocket;
    await client.cut();
    // The welcome is lost with the connection: the client never learns the second token.
    await client.resume();
    await client.cut();
    await expect(client.resume(0, first)).resolves.toMatchObject({ client: 1, resumed: true });
    client.confirm();
    client.send('I know the third token');
    await journal.has('1: I know the third token');
    const thief = await TestClient.connect(lobby, {}, ['jamsocket.v1', `jamsocket.resume.${first}.0`]);
    await expect(thief.nextJson()).resolves.toMatchObject({ client: 2, resumed: false, lost: 'unknown' });
    expect(journal.entries.filter((entry) => entry.startsWith('disconnect'))).toEqual([]);
  });

  it('takes over from a connection that has not noticed its end', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const halfOpen = client.connection;
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
    await expect(halfOpen.closed).resolves.toMatchObject({ code: 1006 });
    await rooms.invoke(Room, 'lobby', 'say', 'still here');
    await expect(client.connection.nextText()).resolves.toBe('still here');
  });

  it('keeps its place when it gives up a connection that is silent', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    await client.connection.close(4408);
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
    client.confirm();
    await rooms.invoke(Room, 'lobby', 'kick', 1, 4408);
    await journal.has('disconnect 1 4408');
  });

  it('has its place in a full room', async () => {
    await start({ limits: { maxClientsPerRoom: 1 } });
    const client = await ResumingClient.connect(lobby);
    await client.cut();
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
    await expect(TestClient.refused(lobby)).resolves.toMatchObject({ status: 503 });
  });

  it('passes the guards again, and keeps its place when they refuse it', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    await client.cut();
    const token = client.welcome.jamsocket;
    letIn = false;
    const refused = await TestClient.connect(lobby, {}, ['jamsocket.v1', `jamsocket.resume.${token}.0`]);
    await expect(refused.closed).resolves.toMatchObject({ code: 4403 });
    letIn = true;
    await expect(client.resume(0, token)).resolves.toMatchObject({ client: 1, resumed: true });
    expect(journal.entries).not.toContain('disconnect 1');
  });

  it('misses volatile messages that were sent while it was away', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await untilAway(1);
    await rooms.invoke(Room, 'lobby', 'say', 'cursor', true);
    await rooms.invoke(Room, 'lobby', 'say', 'text');
    await other.until('text');
    expect(other.received).toContain('cursor');
    await client.resume();
    await expect(client.connection.nextText()).resolves.toBe('text');
    client.confirm();
    await client.cut();
    await client.resume(1);
    await rooms.invoke(Room, 'lobby', 'say', 'cursor', true);
    await expect(client.connection.nextText()).resolves.toBe('cursor');
    await other.close();
  });

  it('misses nothing else when a volatile message that is not for it comes while it is away', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await untilAway(1);
    await rooms.invoke(Room, 'lobby', 'moved', 1);
    for (const text of ['a', 'b']) await rooms.invoke(Room, 'lobby', 'say', text);
    await client.resume();
    await expect(client.connection.nextText()).resolves.toBe('a');
    await expect(client.connection.nextText()).resolves.toBe('b');
    await other.close();
  });

  it('has left when it breaks the protocol', async () => {
    await start({ limits: { maxPayloadBytes: 100 } });
    const client = await ResumingClient.connect(lobby);
    client.send('x'.repeat(200));
    await expect(client.connection.closed).resolves.toMatchObject({ code: 1009 });
    await journal.has('disconnect 1 1006');
  });

  it('does not get past the limit of a room by a token that keeps no place', async () => {
    await start({ resume: false, limits: { maxClientsPerRoom: 1 } });
    const client = await ResumingClient.connect(lobby);
    const protocols = ['jamsocket.v1', `jamsocket.resume.${client.welcome.jamsocket}.0`];
    const second = await TestClient.connect(lobby, {}, protocols);
    await expect(second.closed).resolves.toMatchObject({ code: 1013 });
  });

  it('is gone when the room sends it away meanwhile', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await untilAway(1);
    await rooms.invoke(Room, 'lobby', 'kick', 1);
    await journal.has('disconnect 1 4000');
    await expect(client.resume()).resolves.toMatchObject({ resumed: false, lost: 'unknown' });
    await other.close();
  });

  it('does not keep the server from stopping', async () => {
    await start();
    const client = await ResumingClient.connect(lobby);
    await client.cut();
    await test.close();
    expect(journal.entries).toEqual(['connect 1', 'disconnect 1 1012']);
  });

  it('joins as a new client if resume is switched off', async () => {
    await start({ resume: false });
    const client = await ResumingClient.connect(lobby);
    expect(client.welcome.windowMs).toBe(0);
    const other = await TestClient.connect(lobby);
    await client.cut();
    await journal.has('disconnect 1 1006');
    await expect(client.resume()).resolves.toMatchObject({ resumed: false, lost: 'unknown' });
    await other.close();
  });

  it('may not send data before it has confirmed the welcome', async () => {
    await start();
    const connection = await TestClient.connect(lobby, {}, ['jamsocket.v1']);
    connection.send('hello');
    await expect(connection.closed).resolves.toMatchObject({ code: 1002 });
    expect(journal.entries).not.toContain('1: hello');
  });

  it.each([
    ['/ws/lobby?who=stranger', 4401],
    ['/ws/no/such/service', 4404],
    ['/ws/%zz', 4400],
  ])('is told by a close code why %s refuses it', async (path, code) => {
    await start();
    const refused = await TestClient.connect(test.ws + path, {}, ['jamsocket.v1']);
    const { code: actual, reason } = await refused.closed;
    expect(actual).toBe(code);
    expect(JSON.parse(reason)).toMatchObject({ code: expect.any(String) });
    await expect(TestClient.refused(test.ws + path)).resolves.toMatchObject({ status: code - 4000 });
  });

  it('gets its id back without any of this, with a key of its own; a token is none, since users may share it', async () => {
    await start();
    const other = await TestClient.connect(lobby);
    const client = await TestClient.connect(`${lobby}?clientKey=secret&token=shared`);
    const twin = await TestClient.connect(`${lobby}?clientKey=secret&token=shared`);
    await journal.has('connect 3');
    await client.close();
    await journal.has('disconnect 2 1000');
    await TestClient.connect(`${lobby}?token=shared`);
    await journal.has('connect 4');
    await TestClient.connect(`${lobby}?clientKey=secret`);
    await journal.has('connect 2');
    const connects = ['connect 1', 'connect 2', 'connect 3', 'disconnect 2 1000', 'connect 4', 'connect 2'];
    expect(journal.entries).toEqual(connects);
    await Promise.all([other.close(), twin.close()]);
  });
});
