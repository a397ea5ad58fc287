import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { JamsocketRooms, JamsocketService, OnMessage, State, type Client } from 'nestjs-jamsocket';
import { WebSocket } from 'ws';
import { MoodyStore } from '../support/moody-store.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { join } from './support/fixture.js';

class Adding {
  @State() total = 0;

  @OnMessage()
  add(client: Client, text: string) {
    this.total += Number(text);
    client.sendMessage(`total ${this.total}`);
  }
}

@JamsocketService({ path: 'turn', durable: { save: 'turn' } })
class TurnRoom extends Adding {}

@JamsocketService({ path: 'hourly', durable: { save: { everyMs: 3_600_000 } } })
class HourlyRoom extends Adding {}

let store: MoodyStore;
let apps: TestApp[];

/** The next process. Clients that dial from now on reach it. */
async function start(): Promise<TestApp> {
  const app = await startTestApp({ providers: [TurnRoom, HourlyRoom], options: { store } });
  apps.push(app);
  return app;
}

/** Dials whichever process was started last. */
class LatestSocket extends WebSocket {
  constructor(url: string, protocols?: string[]) {
    super(apps.at(-1)!.ws + new URL(url).pathname, protocols);
  }
}

const enter = (path: string) => join(`ws://any/ws/${path}`, { WebSocket: LatestSocket as never });

/** What is left of a process that was killed: it does not hear its clients any more. */
function cut({ app }: TestApp): void {
  for (const ctx of app.get(JamsocketRooms).localRooms())
    for (const client of ctx.clients.values()) client.connection!.terminate('killed');
}

beforeEach(() => {
  store = new MoodyStore();
  apps = [];
});

afterEach(async () => {
  for (const app of apps) await app.close();
});

it.each(['turn', 'hourly'])('a client is resumed exactly after an orderly restart (%s)', async (path) => {
  const first = await start();
  const room = enter(`${path}/one`);
  await room.opened;
  room.send('5');
  expect(await room.untilText()).toBe('total 5');
  await start();
  await first.close();
  apps.shift();
  expect(await room.until('reconnecting')).toMatchObject({ code: 1012 });
  room.send('6');
  expect(await room.untilText()).toBe('total 11');
  expect(room.connection).toMatchObject({ status: 'open', resumed: true, clientId: 1 });
});

it('a client of a room that saves each turn is resumed exactly after a crash', async () => {
  const first = await start();
  const room = enter('turn/one');
  await room.opened;
  room.send('5');
  expect(await room.untilText()).toBe('total 5');
  await start();
  cut(first);
  room.send('6');
  expect(await room.untilText()).toBe('total 11');
  expect(room.connection).toMatchObject({ status: 'open', resumed: true, clientId: 1 });
});

it.each([
  ['hourly', { resumed: false, lost: 'restored', clientId: 2 }, 'total 6'],
  ['turn', { resumed: true, clientId: 1 }, 'total 106'],
])('a crash after an orderly restart is a crash (%s)', async (path, state, total) => {
  const first = await start();
  const room = enter(`${path}/one`);
  await room.opened;
  room.send('5');
  expect(await room.untilText()).toBe('total 5');
  const second = await start();
  await first.close();
  apps.shift();
  await room.until('reconnecting');
  expect(await room.until('open')).toMatchObject({ resumed: true, clientId: 1 });
  room.send('100');
  expect(await room.untilText()).toBe('total 105');
  await start();
  cut(second);
  await room.until('reconnecting');
  expect(await room.until('open')).toMatchObject(state);
  room.send('1');
  expect(await room.untilText()).toBe(total);
});

it('a client that has come after the last save is told of the crash, too', async () => {
  const first = await start();
  const witness = enter('hourly/one');
  await witness.opened;
  witness.send('5');
  expect(await witness.untilText()).toBe('total 5');
  const [ctx] = first.app.get(JamsocketRooms).localRooms();
  await ctx.save();
  const room = enter('hourly/one');
  await room.opened;
  room.send('100');
  expect(await room.untilText()).toBe('total 105');
  await start();
  cut(first);
  await room.until('reconnecting');
  expect(await room.until('open')).toMatchObject({ resumed: false, lost: 'restored', unconfirmed: 1 });
  room.send('1');
  expect(await room.untilText()).toBe('total 6');
});

it('a client that has seen what a crash undid is told, and begins anew with what was saved', async () => {
  const first = await start();
  const room = enter('hourly/one');
  await room.opened;
  room.send('5');
  expect(await room.untilText()).toBe('total 5');
  const [ctx] = first.app.get(JamsocketRooms).localRooms();
  await ctx.save();
  room.send('100');
  expect(await room.untilText()).toBe('total 105');
  await start();
  cut(first);
  await room.until('reconnecting');
  expect(await room.until('open')).toMatchObject({ resumed: false, lost: 'restored', clientId: 2, unconfirmed: 2 });
  room.send('1');
  expect(await room.untilText()).toBe('total 6');
});
