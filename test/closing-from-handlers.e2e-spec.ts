import { Logger, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
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
  type Client,
} from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';

const KINDS = ['create', 'connect', 'message', 'event', 'binary', 'timer', 'disconnect', 'destroy'] as const;
type Kind = (typeof KINDS)[number];

const journal = new Journal();
let contexts: JamsocketContext[] = [];

/** A room with the id `<kind>~<what>` closes `what` in the handler `kind`. */
@JamsocketService({ handlerTimeoutMs: 1_000 })
class ClosingRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly rooms: JamsocketRooms,
  ) {
    contexts.push(ctx);
  }

  @OnCreate()
  create() {
    return this.happens('create');
  }
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
    return this.happens('connect', client);
  }
  @OnMessage()
  async message(client: Client, text: string) {
    if (text === 'timer') return this.ctx.setTimer(1);
    await this.happens('message', client);
  }
  @OnMessage('event')
  event(client: Client) {
    return this.happens('event', client);
  }
  @OnBinary()
  async binary(client: Client) {
    await this.happens('binary', client);
  }
  @OnTimer()
  ring() {
    return this.happens('timer');
  }
  @OnDisconnect()
  disconnect(client: Client) {
    return this.happens('disconnect', client);
  }
  @OnDestroy()
  destroy() {
    return this.happens('destroy');
  }

  private async happens(now: Kind, client: Client = [...this.ctx.clients.values()][0]): Promise<void> {
    journal.add(now);
    const [kind, what] = this.ctx.roomId.split('~');
    if (kind !== now) return;
    // Until the messages after it wait in the mailbox.
    if (now === 'message' || now === 'binary')
      while (localRoom(this.ctx.room).waitingEvents < 2) await new Promise(setImmediate);
    if (what === 'the client' && client !== undefined) client.close(4000, 'enough');
    if (what === 'the room') this.ctx.close('enough');
    if (what === 'the room, waiting for it') await this.rooms.close(ClosingRoom, this.ctx.roomId, 'enough');
    // A second call changes nothing.
    if (what === 'the room') this.ctx.close('again');
    this.ctx.sendMessage(Broadcast, 'after the end');
    client?.sendMessage('after the end');
  }
}

class GreetingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const client = context.switchToWs().getClient<Client>();
    client.sendMessage('too early');
    client.sendBinary(Buffer.from('too early'));
    client.emit('too early');
    client.close(4000);
    return client.bufferedBytes === 0 && !client.isConnected;
  }
}

@JamsocketService('greeted')
class GreetedRoom {
  @UseGuards(GreetingGuard)
  @OnConnect()
  connect() {}

  @OnMessage()
  message(_client: Client, text: string) {
    return text;
  }
}

const WHAT = ['the client', 'the room', 'the room, waiting for it'];

describe('whatever a handler closes', () => {
  let started: TestApp;
  let logged: ReturnType<typeof jest.spyOn>;
  beforeAll(async () => {
    started = await startTestApp({ providers: [ClosingRoom, GreetedRoom] });
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterAll(async () => {
    logged.mockRestore();
    await started.close();
  });

  /** Makes the room run the handler, and sends two messages that come after the close. */
  function provoke(kind: Kind, client: TestClient): void {
    if (kind === 'event') client.emit('event');
    if (kind === 'binary') client.send(Buffer.from('bytes'));
    if (kind === 'timer') client.send('timer');
    if (kind === 'message') client.send('text');
    if (kind !== 'message' && kind !== 'binary' && kind !== 'event') return;
    client.send('late');
    client.send(Buffer.from('late'));
  }

  it('in its create handler, the room: whoever waits for it is closed, and the room ends once', async () => {
    journal.clear();
    const url = `${started.ws}/ws/${encodeURIComponent('create~the room')}`;
    const clients = await Promise.all([
      TestClient.connect(url),
      TestClient.connect(url, {}, ['other']),
      TestClient.connect(url, {}, ['jamsocket.v1']),
    ]);
    for (const client of clients) {
      expect(await client.closed).toEqual({ code: 1000, reason: 'enough' });
      expect(client.received).toEqual([]);
    }
    expect(clients.map(({ protocol }) => protocol)).toEqual(['', 'other', 'jamsocket.v1']);
    await untilStopped();
    // Whoever comes after the end waits for another one.
    expect(new Set(journal.entries)).toEqual(new Set(['create', 'destroy']));
    const created = started.app.get(JamsocketRooms).create(ClosingRoom, 'create~the room');
    await expect(created).rejects.toMatchObject({
      status: 410,
      code: 'room_closed',
      message: expect.stringMatching(/enough$/),
    });
    expect(await started.app.get(JamsocketRooms).list()).toEqual([]);
  });

  const pairs = KINDS.flatMap((kind) => WHAT.map((what) => [kind, what] as const));
  it.each(pairs.filter((pair) => String(pair) !== 'create,the room'))(
    'in its %s handler, %s: everyone hears of it once, and the room ends once',
    async (kind, what) => {
      journal.clear();
      logged.mockClear();
      const room = `${kind}~${what}`;
      const client = await TestClient.connect(`${started.ws}/ws/${encodeURIComponent(room)}`);
      await client.until('welcome');
      provoke(kind, client);
      const isClosed = !['create', 'disconnect', 'destroy'].includes(kind);
      const code = !isClosed ? 1000 : what === 'the client' ? 4000 : 1000;
      if (isClosed) expect(await client.closed).toEqual({ code, reason: 'enough' });
      else expect((await client.close(1000)).code).toBe(1000);
      await journal.has('destroy');
      await untilStopped();
      const count = (entry: Kind) => journal.entries.filter((other) => other === entry).length;
      expect(['create', 'connect', 'disconnect', 'destroy'].map((entry) => count(entry as Kind))).toEqual([1, 1, 1, 1]);
      const messages = count('message') + count('event') + count('binary');
      const isMessage = kind === 'message' || kind === 'event' || kind === 'binary';
      // Messages of a closed client are ignored; a closed room handles the messages it has read.
      if (what === 'the client') expect(messages).toBe(isMessage ? 1 : 0);
      else expect(messages).toBeLessThanOrEqual(isMessage ? 3 : 0);
      expect(await started.app.get(JamsocketRooms).list()).toEqual([]);
      // No handler waited for itself until its timeout.
      expect(logged).not.toHaveBeenCalled();
    },
  );

  it('a client leaves once, however it was closed, and the others count as before', async () => {
    journal.clear();
    const enter = () => TestClient.connect(`${started.ws}/ws/${encodeURIComponent('event~the client')}`);
    const [stays, closed, closes, lost] = [await enter(), await enter(), await enter(), await enter()];
    const disconnects = () => journal.entries.filter((entry) => entry === 'disconnect').length;
    // The handler closes whoever sends an event.
    closed.emit('event');
    await closed.closed;
    await closes.close();
    lost.socket.terminate();
    while (disconnects() < 3) await sleep(5);
    expect(journal.entries).not.toContain('destroy');
    await stays.close();
    await untilStopped();
    // Of the three, none has left twice meanwhile.
    expect(disconnects()).toBe(4);
  });

  async function untilStopped(): Promise<void> {
    const { signal } = contexts.at(-1)!;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  it('a room that has stopped takes everything and does nothing', async () => {
    contexts = [];
    const client = await TestClient.connect(`${started.ws}/ws/stopped`);
    await client.until('welcome');
    const [ctx] = contexts;
    const [member] = ctx.clients.values();
    await client.close();
    await untilStopped();
    journal.clear();
    ctx.sendMessage(Broadcast, 'text');
    ctx.sendMessage([1, member], 'text');
    ctx.sendBinary(member, Buffer.from('bytes'));
    ctx.emit(1, 'event');
    member.sendMessage('text');
    member.sendBinary(Buffer.from('bytes'));
    member.emit('event');
    member.close(4000);
    ctx.setTimer(1);
    ctx.clearTimer();
    ctx.setTimer(1);
    ctx.close();
    await sleep(20);
    expect([ctx.clients.size, member.isConnected, member.bufferedBytes, member.closed?.code]).toEqual([
      0,
      false,
      0,
      1000,
    ]);
    expect(journal.entries).toEqual([]);
    expect(ctx.signal.aborted).toBe(true);
  });

  it('what a guard sends to a client that is not in yet goes nowhere', async () => {
    const client = await TestClient.connect(`${started.ws}/ws/greeted/room`);
    client.send('echo');
    expect(await client.nextText()).toBe('echo');
    await client.close();
  });

  it('an invoke that waits for its turn is refused when the room stops without it', async () => {
    const rooms = started.app.get(JamsocketRooms);
    await rooms.create(ClosingRoom, 'invoked');
    const first = rooms.invoke(ClosingRoom, 'invoked', 'destroy');
    const closing = rooms.close(ClosingRoom, 'invoked');
    await expect(rooms.invoke(ClosingRoom, 'invoked', 'destroy')).rejects.toMatchObject({ code: 'room_not_found' });
    await Promise.all([first, closing]);
  });
});
