import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';

const FAR = 60_000;

describe.each(HOSTS)('timers are events like all others, on $platform beside $beside', (host) => {
  const journal = new Journal();
  let gate: Gate;
  let started: TestApp;
  let registry: SchedulerRegistry;

  @JamsocketService('timed')
  class TimedRoom {
    constructor(private readonly ctx: JamsocketContext) {}

    @OnConnect()
    connect(client: Client) {
      client.sendMessage('welcome');
    }

    @OnMessage()
    async message(client: Client, text: string) {
      const [command, ms, name] = text.split(' ');
      if (command === 'set') this.ctx.setTimer(Number(ms), name);
      if (command === 'clear') this.ctx.clearTimer(name);
      if (command === 'hold') {
        journal.add('hold');
        this.ctx.setTimer(1);
        await gate.opened;
        if (ms === 'cancel') this.ctx.clearTimer();
      }
      client.sendMessage(`did ${text}`);
    }

    @OnTimer()
    tick() {
      this.ctx.sendMessage(Broadcast, 'tick');
    }

    @OnTimer('bell')
    bell() {
      this.ctx.sendMessage(Broadcast, 'bell');
    }
  }

  beforeAll(async () => {
    started = await startTestApp({ host, providers: [TimedRoom], imports: [ScheduleModule.forRoot()] });
    registry = started.app.get(SchedulerRegistry);
  });
  beforeEach(() => {
    journal.clear();
    gate = new Gate();
  });
  afterAll(() => started.close());

  /** The timer of the room that a turn holds up is due. */
  async function untilTimerWaits(): Promise<void> {
    const rooms = started.app.get(JamsocketRooms).localRooms(TimedRoom);
    const held = rooms.find(({ roomId }) => roomId === 'hold')!;
    while (localRoom(held.room).waitingEvents === 0) await new Promise(setImmediate);
  }

  async function enter(room: string): Promise<{ client: TestClient; tell: (text: string) => Promise<unknown> }> {
    const client = await TestClient.connect(`${started.ws}/ws/timed/${room}`);
    await client.until('welcome');
    const tell = (text: string) => {
      client.send(text);
      return client.until(`did ${text}`);
    };
    return { client, tell };
  }

  it('are in the SchedulerRegistry while they are pending, and gone when fired', async () => {
    const { client, tell } = await enter('fire');
    await tell(`set ${FAR} bell`);
    expect(registry.getTimeouts()).toEqual(['jamsocket:timed/fire:bell']);
    await tell('set 1 bell');
    expect(await client.nextText()).toBe('bell');
    expect(registry.getTimeouts()).toEqual([]);
    await client.close();
  });

  it('are gone when cancelled, by clearTimer or by 0', async () => {
    const { client, tell } = await enter('cancel');
    await tell(`set ${FAR} bell`);
    await tell(`set ${FAR} default`);
    expect(registry.getTimeouts()).toHaveLength(2);
    await tell('clear x bell');
    await tell('set 0 default');
    expect(registry.getTimeouts()).toEqual([]);
    await client.close();
  });

  it('are gone when the room stops', async () => {
    const { client, tell } = await enter('stop');
    await tell(`set ${FAR} bell`);
    await client.close();
    const { client: next } = await enter('stop');
    expect(registry.getTimeouts()).toEqual([]);
    await next.close();
  });

  it('wait for the turn that is running, and a cancelled one that waits is not handled', async () => {
    const { client } = await enter('hold');
    client.send('hold');
    await journal.has('hold');
    await untilTimerWaits();
    expect(client.unread()).toEqual([]);
    gate.open();
    expect(await client.nextText()).toBe('did hold');
    expect(await client.nextText()).toBe('tick');
    gate = new Gate();
    journal.clear();
    client.send('hold cancel');
    await journal.has('hold');
    await untilTimerWaits();
    gate.open();
    expect(await client.nextText()).toBe('did hold cancel');
    client.send('probe');
    expect(await client.nextText()).toBe('did probe');
    await client.close();
  });
});
