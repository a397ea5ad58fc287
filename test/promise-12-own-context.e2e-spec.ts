import { Interval, Cron, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  JamsocketContext,
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
} from 'nestjs-jamsocket';
import { connect as connectTcp } from 'node:net';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { clsModule, CONTEXT_TOOLS, type ContextTool } from './support/context-tools.js';
import { Gate, Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp, itOnOneNode } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let gate: Gate;

/** The users that a room's methods find in their async context, as entries such as `who bob: bob`. */
function roomOf(tool: ContextTool) {
  const { enhance } = tool;
  const note = (what: string) => journal.add(`${what}: ${tool.read() ?? 'nobody'}`);
  const nameOf = (client: Client) => client.request.query.get('user');

  @JamsocketService(tool.name)
  class ContextRoom {
    private ticks = 0;

    constructor(private readonly ctx: JamsocketContext) {
      note('constructed');
    }

    @OnCreate()
    async create() {
      note('create');
      await Promise.resolve();
      note('created');
    }

    @enhance
    @OnConnect()
    async connect(client: Client) {
      await Promise.resolve();
      note(`connect ${nameOf(client)}`);
    }

    @enhance
    @OnMessage('hold')
    async hold(client: Client) {
      note(`hold ${nameOf(client)}`);
      await gate.opened;
      note(`held ${nameOf(client)}`);
    }

    @enhance
    @OnMessage('who')
    async who(client: Client, data: string) {
      await Promise.resolve();
      note(`who ${nameOf(client)} ${data}`);
    }

    @OnMessage('look')
    look(client: Client, data: string) {
      note(`look ${nameOf(client)} ${data.slice(0, 1)}`);
    }

    @OnBinary()
    binary(client: Client) {
      note(`bytes ${nameOf(client)}`);
    }

    @enhance
    @OnMessage('kick')
    kick(_client: Client, name: string) {
      for (const client of this.ctx.clients.values()) if (nameOf(client) === name) client.close();
    }

    @enhance
    @OnMessage('timer')
    timer() {
      this.ctx.setTimer(1);
    }

    @OnTimer()
    async fired() {
      note('timer');
    }

    @Interval('tick', 10)
    tick() {
      if (this.ticks++ < 2) note(`tick ${this.ticks}`);
    }

    @Timeout('once', 1)
    once() {
      note('timeout');
    }

    @Cron('0 0 1 1 *', { name: 'yearly' })
    yearly() {
      note('cron');
    }

    @OnResume()
    resume(client: Client) {
      note(`resume ${nameOf(client)}`);
    }

    @OnDisconnect()
    async disconnect(client: Client) {
      note(`disconnect ${nameOf(client)}`);
    }

    @OnDestroy()
    destroy() {
      note('destroy');
    }

    onModuleDestroy() {
      note('unmade');
    }

    async call(name: string) {
      note(`call ${name}`);
      await Promise.resolve();
      note(`called ${name}`);
    }

    async waitingCall(name: string) {
      note(`call ${name}`);
      await gate.opened;
      note(`called ${name}`);
    }
  }
  return ContextRoom;
}

const cases = CONTEXT_TOOLS.map((tool) => ({ tool, name: tool.name, Room: roomOf(tool) }));

describe.each([true, false])(
  'promise 12: a turn has the async context of its own event, with coalesce %s',
  (coalesce) => {
    let started: TestApp;
    let rooms: JamsocketRooms;
    let runs = 0;
    let room: string;

    beforeAll(async () => {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      started = await startTestApp({
        options: {
          coalesce,
          resume: { windowMs: 60_000 },
          limits: { mailbox: { maxEvents: 4, maxBytes: 1_000_000 } },
        },
        imports: [ScheduleModule.forRoot(), clsModule()],
        providers: cases.map(({ Room }) => Room),
      });
      rooms = started.app.get(JamsocketRooms);
    });
    afterAll(async () => {
      await started.close();
      context.disable();
    });
    afterEach(async () => {
      gate.open();
      for (const handle of await rooms.list()) await handle.close();
    });
    beforeEach(() => {
      gate = new Gate();
      journal.clear();
      room = `room${++runs}`;
    });

    describe.each(cases)('as $name has it', ({ tool, name, Room }) => {
      const url = (user: string) => `${started.ws}/ws/${name}/${room}?user=${user}`;
      const join = (user: string) => TestClient.connect(url(user));
      const say = (client: { send(text: string): void }, event: string, data?: string) =>
        client.send(JSON.stringify({ event, data }));
      const inner = () => localRoom(rooms.localRooms(Room).find(({ roomId }) => roomId === room)!.room);

      /** Resolves when so many events wait for their turn. */
      async function waiting(events: number): Promise<void> {
        while (inner().waitingEvents < events) await new Promise((resolve) => setImmediate(resolve));
      }

      it('of messages that wait, and of those that do not', async () => {
        const [ann, bob] = [await join('ann'), await join('bob')];
        say(bob, 'look', '1');
        await journal.has('look bob 1: nobody');
        say(ann, 'hold');
        await journal.has('hold ann: ann');
        say(bob, 'look', '2');
        bob.send(Buffer.from([1]));
        say(bob, 'who', 'waiting');
        await waiting(3);
        gate.open();
        for (const entry of ['held ann: ann', 'look bob 2: nobody', 'bytes bob: nobody', 'who bob waiting: bob'])
          await journal.has(entry);
      });

      it('of messages that came with the upgrade request', async () => {
        const text = Buffer.from('{"event":"look","data":"1"}');
        const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
        const { host, pathname, search } = new URL(url('ann'));
        const upgrade = [
          `GET ${pathname}${search} HTTP/1.1`,
          `Host: ${host}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ];
        const socket = connectTcp(Number(new URL(started.http).port), '127.0.0.1');
        socket.write(Buffer.concat([Buffer.from(`${upgrade.join('\r\n')}\r\n\r\n`), frame]));
        try {
          await journal.has('connect ann: ann');
          await journal.has('look ann 1: nobody');
        } finally {
          socket.destroy();
        }
      });

      it('of messages that were read ahead, as far as the socket has been read and beyond', async () => {
        const [ann, bob] = [await join('ann'), await join('bob')];
        say(ann, 'hold');
        await journal.has('hold ann: ann');
        // Four wait in the mailbox, two of this length are held, and the rest stays in the socket.
        for (let n = 1; n <= 9; n++) say(bob, 'look', `${n}${'.'.repeat(30_000)}`);
        while (inner().members.all.every(({ held }) => held === null || !held.isFull))
          await new Promise((resolve) => setImmediate(resolve));
        gate.open();
        for (let n = 1; n <= 9; n++) await journal.has(`look bob ${n}: nobody`);
      });

      it('of calls from outside, and not of those behind them', async () => {
        const bob = await join('bob');
        const call = tool.as('caller', () => rooms.invoke(Room, room, 'waitingCall', 'first'));
        const behind = tool.as('other', () => rooms.invoke(Room, room, 'call', 'second'));
        say(bob, 'look', '1');
        await waiting(2);
        await bob.close();
        await waiting(3);
        gate.open();
        await Promise.all([call, behind]);
        for (const entry of ['called first: caller', 'call second: other', 'called second: other'])
          await journal.has(entry);
        for (const entry of ['look bob 1: nobody', 'disconnect bob: nobody']) await journal.has(entry);
      });

      itOnOneNode('of connects: what a guard entered for a client is not there for the next one', async () => {
        const ann = await join('ann');
        say(ann, 'hold');
        await journal.has('hold ann: ann');
        await join('bob');
        await waiting(1);
        await join('cyd');
        gate.open();
        for (const user of ['ann', 'bob', 'cyd']) await journal.has(`connect ${user}: ${user}`);
      });

      it('of nobody for timers, intervals and cron jobs', async () => {
        const ann = await join('ann');
        say(ann, 'timer');
        for (const entry of ['timer: nobody', 'timeout: nobody', 'tick 1: nobody', 'tick 2: nobody'])
          await journal.has(entry);
        const jobs = started.app.get(SchedulerRegistry).getCronJobs();
        await Promise.all([...jobs.values()].map((job) => tool.as('someone', () => job.fireOnTick())));
        await journal.has('cron: nobody');
      });

      it('of nobody for the making of a room, whoever asks for it', async () => {
        await join('ann');
        for (const entry of ['constructed', 'create', 'created']) await journal.has(`${entry}: nobody`);
        journal.clear();
        await tool.as('caller', () => rooms.create(Room, `${room}-made`));
        for (const entry of ['constructed', 'create', 'created']) await journal.has(`${entry}: nobody`);
      });

      it('of nobody for the end of a client, whoever causes it', async () => {
        const [ann] = [await join('ann'), await join('bob'), await join('cyd')];
        say(ann, 'kick', 'bob');
        await journal.has('disconnect bob: nobody');
        const [cyd] = inner().members.all.filter(({ request }) => request.url.endsWith('cyd'));
        // Like the heartbeat.
        tool.as('someone', () => cyd.connection!.terminate('heartbeat timeout'));
        await journal.has('disconnect cyd: nobody');
      });

      it('of nobody for the end of a room, whoever closes it', async () => {
        await join('ann');
        await tool.as('caller', () => rooms.close(Room, room));
        for (const entry of ['disconnect ann', 'destroy', 'unmade']) await journal.has(`${entry}: nobody`);
      });

      itOnOneNode('of whoever comes back, for a resume that waits', async () => {
        const [ann, bob] = [await join('ann'), await ResumingClient.connect(url('bob'))];
        await bob.cut();
        say(ann, 'hold');
        await journal.has('hold ann: ann');
        await bob.resume();
        await waiting(1);
        gate.open();
        await journal.has(tool.name === 'OpenTelemetry' ? 'resume bob: nobody' : 'resume bob: bob');
      });
    });
  },
);

describe('promise 12, when the application shuts down', () => {
  itOnOneNode.each(cases)('as $name has it: the rooms end in the context of nobody', async ({ tool, name, Room }) => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const started = await startTestApp({ imports: [clsModule()], providers: [Room] });
    journal.clear();
    await TestClient.connect(`${started.ws}/ws/${name}/closing?user=ann`);
    await journal.has('connect ann: ann');
    await tool.as('someone', () => started.close());
    for (const entry of ['disconnect ann', 'destroy', 'unmade']) await journal.has(`${entry}: nobody`);
    context.disable();
  });
});
