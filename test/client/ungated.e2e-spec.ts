import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  tagged,
  type Client,
} from 'nestjs-jamsocket';
import { MoodyStore } from '../support/moody-store.js';
import { ResumingClient } from '../support/resuming-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { TestClient } from '../support/test-client.js';
import { join } from './support/fixture.js';

const EARLY = { ungated: true };

class Shouting {
  @OnConnect()
  connect(client: Client) {
    client.tag('red');
    client.sendMessage(`hello ${client.id}`, EARLY);
  }

  @OnMessage()
  message(client: Client, text: string, ctx: JamsocketContext) {
    ctx.sendMessage(Broadcast, `late ${text}`);
    ctx.sendMessage(Broadcast, `to all ${text}`, EARLY);
    ctx.sendMessage(everyoneExcept(client), 'not to whom asked', EARLY);
    ctx.sendMessage(tagged('red'), 'to red', EARLY);
    ctx.sendMessage([client.id], 'by id', EARLY);
    ctx.emit(client, 'early', { text }, EARLY);
    ctx.sendBinary(client, Buffer.from([1, 2]), EARLY);
    client.emit('own', undefined, EARLY);
    client.sendBinary(Buffer.from([3]), { ungated: true, volatile: true });
    client.sendMessage('end', EARLY);
  }
}

@JamsocketService({ path: 'gated', durable: { save: 'turn' } })
class GatedRoom extends Shouting {}

@JamsocketService({ path: 'open', durable: { save: { everyMs: 1_000 } } })
class OpenRoom extends Shouting {}

const early = (text: string) => [
  `to all ${text}`,
  'to red',
  'by id',
  `{"event":"early","data":{"text":"${text}"}}`,
  '<0102>',
  '{"event":"own"}',
  '<03>',
  'end',
];

describe('What is sent with `ungated`', () => {
  let test: TestApp;
  let rooms: JamsocketRooms;
  let store: MoodyStore;

  beforeEach(async () => {
    store = new MoodyStore();
    test = await startTestApp({ providers: [GatedRoom, OpenRoom], options: { store } });
    rooms = test.app.get(JamsocketRooms);
  });
  afterEach(() => test.close());

  function listen(path: string) {
    const room = join(`${test.ws}/ws/${path}`);
    const heard: string[] = [];
    let wake = () => undefined as void;
    const hear = (what: string) => (heard.push(what), wake());
    room.onText(hear);
    room.onBinary((bytes) => hear(`<${Buffer.from(bytes).toString('hex')}>`));
    const until = async (what: string) => {
      while (!heard.includes(what)) await new Promise<void>((resolve) => (wake = resolve));
      return heard.splice(0);
    };
    return { room, until };
  }

  it('is there before the turn is saved, of every kind, and not counted', async () => {
    const { room, until } = listen('gated/one');
    await until('hello 1');
    const [plain, other] = [
      await TestClient.connect(`${test.ws}/ws/gated/one`),
      await ResumingClient.connect(`${test.ws}/ws/gated/one`),
    ];
    await plain.until('hello 2');
    await other.until('hello 3');
    store.mood = 'failing';
    room.send('1');
    expect(await until('end')).toEqual(early('1'));
    for (const text of ['to all 1', 'not to whom asked', 'to red']) expect(await plain.nextText()).toBe(text);
    // It has not said that it knows uncounted frames: it gets all of it in the usual way.
    rooms.localRooms()[0].sendMessage(Broadcast, 'once more', EARLY);
    expect([await until('once more'), await plain.nextText()]).toEqual([['once more'], 'once more']);
    expect(other.connection.unread()).toEqual([]);
    store.mood = 'good';
    expect(await until('late 1')).toEqual(['late 1']);
    expect(await plain.nextText()).toBe('late 1');
    await other.until('once more');
    expect(other.messages).toEqual(['hello 3', 'late 1', 'to all 1', 'not to whom asked', 'to red', 'once more']);

    const member = rooms.localRooms()[0].clients.get(1)!;
    member.connection!.terminate('cut by the test');
    member.sendMessage('while it was away', EARLY);
    member.sendMessage('and kept');
    expect(await until('and kept')).toEqual(['and kept']);
    expect(room.connection).toMatchObject({ status: 'open', resumed: true, clientId: 1 });
    await other.cut();
    expect(await other.resume()).toMatchObject({ resumed: true });
  });

  it('is an ordinary message in a room that saves now and then', async () => {
    const { room, until } = listen('open/one');
    await until('hello 1');
    store.mood = 'failing';
    room.send('1');
    expect(await until('end')).toEqual(['late 1', ...early('1')]);
    const member = rooms.localRooms()[0].clients.get(1)!;
    member.connection!.terminate('cut by the test');
    member.sendMessage('while it was away', EARLY);
    expect(await until('while it was away')).toEqual(['while it was away']);
  });
});
