import { Catch, Logger, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketObservers,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnResume,
  OnTimer,
  type Client,
  type RoomObserver,
} from 'nestjs-jamsocket';
import { AsyncLocalStorage } from 'node:async_hooks';
import { RecordingObserver } from './support/recording-observer.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const storage = new AsyncLocalStorage<string>();

@Catch()
class TakesEverything implements ExceptionFilter {
  catch() {}
}

@JamsocketService()
class WatchedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    if (this.ctx.roomId === 'broken') throw new Error('cannot be made');
  }

  @OnConnect()
  async connect(client: Client) {
    await Promise.resolve();
    client.sendMessage('welcome');
  }

  @OnResume()
  resume() {}

  @OnMessage()
  message(client: Client, text: string) {
    switch (text) {
      case 'others':
        return this.ctx.sendMessage(everyoneExcept(client), 'to the others');
      case 'timer':
        return this.ctx.setTimer(1);
      case 'wrong':
        throw new WsException('your mistake');
      case 'bug':
        throw new Error('our mistake');
      default:
        return this.ctx.sendMessage(Broadcast, text);
    }
  }

  @OnMessage('taken')
  @UseFilters(TakesEverything)
  async taken() {
    throw new Error('taken by a filter');
  }

  @OnMessage('slow')
  async slow() {
    await new Promise<void>((resolve) => setTimeout(resolve, 200));
    return 'at last';
  }

  @OnMessage('where')
  async where() {
    const before = storage.getStore();
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
    return [before, storage.getStore()];
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    return bytes;
  }

  @OnTimer()
  timer() {
    this.ctx.sendMessage(Broadcast, 'ding');
  }

  @OnDisconnect()
  disconnect() {}

  @OnDestroy()
  destroy() {}

  async count(by: number) {
    if (by < 0) throw new Error('by less than nothing');
    return by;
  }
}

describe.each([true, false])('observers, with coalesce %s', (coalesce) => {
  let started: TestApp;
  afterEach(() => started.close());

  async function start(...observers: RoomObserver[]): Promise<(() => void)[]> {
    started = await startTestApp({ options: { coalesce, handlerTimeoutMs: 100 }, providers: [WatchedRoom] });
    return observers.map((observer) => started.app.get(JamsocketObservers).add(observer));
  }

  it('are told everything once, and in order', async () => {
    const observer = new RecordingObserver();
    await start(observer);
    const a = await TestClient.connect(`${started.ws}/ws/lobby`);
    await a.until('welcome');
    const b = await TestClient.connect(`${started.ws}/ws/lobby`);
    await b.until('welcome');
    expect(observer.entries.splice(0)).toEqual([
      'turnStarted default/lobby create WatchedRoom.create',
      'turn default/lobby WatchedRoom.create',
      'turnEnded default/lobby WatchedRoom.create',
      'roomStarted default/lobby',
      ...[1, 2].flatMap((id) => [
        `clientJoined default/lobby client ${id}`,
        `turnStarted default/lobby client ${id} connect WatchedRoom.connect`,
        `turn default/lobby client ${id} WatchedRoom.connect`,
        `messageSent default/lobby text 7 welcome 1 to ${id}`,
        `turnEnded default/lobby client ${id} WatchedRoom.connect`,
      ]),
    ]);

    a.send('häl');
    await b.until('häl');
    a.send('others');
    await b.until('to the others');
    a.send(Buffer.from('bin'));
    await a.until('bin');
    const turnOf = (name: string, kind: string) => [
      `turnStarted default/lobby client 1 ${kind} WatchedRoom.${name}`,
      `turn default/lobby client 1 WatchedRoom.${name}`,
    ];
    expect(observer.entries.splice(0)).toEqual([
      'messageReceived default/lobby client 1 text 4 häl',
      ...turnOf('message', 'message'),
      'messageSent default/lobby text 4 häl 2 but nobody',
      'turnEnded default/lobby client 1 WatchedRoom.message',
      'messageReceived default/lobby client 1 text 6 others',
      ...turnOf('message', 'message'),
      'messageSent default/lobby text 13 to the others 1 but 1',
      'turnEnded default/lobby client 1 WatchedRoom.message',
      'messageReceived default/lobby client 1 binary 3 bin',
      ...turnOf('binary', 'binary'),
      'messageSent default/lobby binary 3 bin 1 to 1',
      'turnEnded default/lobby client 1 WatchedRoom.binary',
    ]);

    await b.close(3001, 'had enough');
    await observer.has('turnEnded default/lobby client 2 WatchedRoom.disconnect');
    await a.close();
    await observer.has('roomStopped default/lobby');
    expect(observer.entries).toEqual([
      'clientLeft default/lobby client 2 3001 had enough',
      'turnStarted default/lobby client 2 disconnect WatchedRoom.disconnect',
      'turn default/lobby client 2 WatchedRoom.disconnect',
      'turnEnded default/lobby client 2 WatchedRoom.disconnect',
      'clientLeft default/lobby client 1 1000 ',
      ...turnOf('disconnect', 'disconnect'),
      'turnEnded default/lobby client 1 WatchedRoom.disconnect',
      'turnStarted default/lobby destroy WatchedRoom.destroy',
      'turn default/lobby WatchedRoom.destroy',
      'turnEnded default/lobby WatchedRoom.destroy',
      'roomStopped default/lobby',
    ]);
  });

  it('are told of timers, events, calls from outside and errors', async () => {
    const observer = new RecordingObserver();
    await start(observer);
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    await client.until('welcome');
    client.send('timer');
    await observer.has('turnEnded default/lobby WatchedRoom.timer');
    client.send('wrong');
    await observer.has('turnEnded default/lobby client 1 WatchedRoom.message client your mistake');
    client.send('bug');
    await observer.has('turnEnded default/lobby client 1 WatchedRoom.message server our mistake');
    client.emit('taken');
    await observer.has('turnEnded default/lobby client 1 WatchedRoom.taken server taken by a filter');
    client.emit('slow');
    await observer.has('turnTimedOut default/lobby client 1 WatchedRoom.slow');
    await observer.has('turnEnded default/lobby client 1 WatchedRoom.slow');

    observer.clear();
    const rooms = started.app.get(JamsocketRooms);
    await rooms.invoke(WatchedRoom, 'lobby', 'count', 2);
    await expect(rooms.invoke(WatchedRoom, 'lobby', 'count', -2)).rejects.toThrow('by less than nothing');
    await expect(rooms.invoke(WatchedRoom, 'lobby', 'x'.repeat(500) as 'count', 1)).rejects.toThrow(TypeError);
    expect(observer.entries.filter((entry) => entry.startsWith('turnEnded'))).toEqual([
      'turnEnded default/lobby WatchedRoom.count',
      'turnEnded default/lobby WatchedRoom.count server by less than nothing',
      expect.stringMatching(/^turnEnded default\/lobby WatchedRoom\.\(unknown\) server /),
    ]);
  });

  it('are told of rooms that fail and of connects that are refused', async () => {
    const observer = new RecordingObserver();
    await start(observer);
    await TestClient.refused(`${started.ws}/ws/broken?a=b`);
    await TestClient.refused(`${started.ws}/ws/no/such/service`);
    expect(observer.entries).toEqual([
      'turnStarted default/broken create WatchedRoom.create',
      'turn default/broken WatchedRoom.create',
      'turnEnded default/broken WatchedRoom.create server cannot be made',
      'roomFailed default/broken cannot be made',
      'connectRefused 503 room_failed default /ws/broken?a=b',
      'connectRefused 404 no_such_service undefined /ws/no/such/service',
    ]);
  });

  it('are told of clients that are lost and come back', async () => {
    const observer = new RecordingObserver();
    await start(observer);
    const client = await ResumingClient.connect(`${started.ws}/ws/lobby`);
    await client.until('welcome');
    await client.cut();
    await observer.has('clientLost default/lobby client 1');
    await client.resume();
    client.confirm();
    await observer.has('turnEnded default/lobby client 1 WatchedRoom.resume');
    client.send('hello');
    await client.until('hello');
    await client.connection.close();
    await observer.has('roomStopped default/lobby');
    // Frames of the protocol itself do not count as messages.
    expect(observer.entries.filter((entry) => /^(client|message)/.test(entry))).toEqual([
      'clientJoined default/lobby client 1',
      'messageSent default/lobby text 7 welcome 1 to 1',
      'clientLost default/lobby client 1',
      'clientResumed default/lobby client 1',
      'messageReceived default/lobby client 1 text 5 hello',
      'messageSent default/lobby text 5 hello 1 but nobody',
      'clientLeft default/lobby client 1 1000 ',
    ]);
  });

  it('affect no room when they throw, reject or do not run the turn, which is logged once for each', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const fails = () => {
      throw new Error('broken observer');
    };
    const broken = Object.fromEntries(
      Object.keys(new RecordingObserver()).map((event) => [event, fails]),
    ) as unknown as RoomObserver;
    const rejecting: RoomObserver = { messageReceived: () => Promise.reject(new Error('broken promise')) as never };
    const hostile = {
      messageReceived(): void {
        throw Object.create(null);
      },
      get constructor(): never {
        throw new Error('not even a name');
      },
    };
    const late: RoomObserver = { runTurn: () => Promise.reject(new Error('broken turn')) as never };
    const lazy: RoomObserver = { runTurn: () => undefined };
    const eager: RoomObserver = { runTurn: (_turn, run) => void [run(), run()] };
    const observer = new RecordingObserver();
    await start(broken, rejecting, hostile, late, lazy, eager, observer);
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    await client.until('welcome');
    client.send('one');
    client.send('two');
    await client.until('two');
    expect(client.received).toEqual(['welcome', 'one', 'two']);
    expect(
      observer.entries.filter((entry) => entry === 'turn default/lobby client 1 WatchedRoom.message'),
    ).toHaveLength(2);
    const lines = error.mock.calls.map(([message]) => String(message).replace('An observer of the rooms ', ''));
    expect(lines.toSorted()).toEqual([
      '(Object) failed: broken observer',
      '(Object) failed: broken promise',
      '(Object) failed: broken turn',
      '(object) failed: [Object: null prototype] {}',
    ]);
    error.mockRestore();
  });

  it('can have turns run within a context of theirs, which lasts as long as the turn', async () => {
    await start(
      { runTurn: ({ handler }, run) => storage.run(`outer ${handler}`, run) as undefined },
      { runTurn: (_turn, run) => storage.run(`${storage.getStore()}, inner`, run) as undefined },
    );
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    await client.until('welcome');
    client.emit('where');
    const { data } = await client.nextJson();
    // The observer that was added last is asked first.
    expect(data).toEqual(['outer WatchedRoom.where', 'outer WatchedRoom.where']);
  });

  it('are told nothing once they are removed', async () => {
    const [first, second] = [new RecordingObserver(), new RecordingObserver()];
    const [removeFirst, removeSecond] = await start(first, second);
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    await client.until('welcome');
    removeFirst();
    removeFirst();
    client.send('one');
    await client.until('one');
    expect(first.entries.filter((entry) => entry.startsWith('message'))).toHaveLength(1);
    expect(second.entries.filter((entry) => entry.startsWith('message'))).toHaveLength(3);
    removeSecond();
    const { length } = second.entries;
    client.send('two');
    await client.until('two');
    await client.close();
    expect(second.entries).toHaveLength(length);
  });
});
