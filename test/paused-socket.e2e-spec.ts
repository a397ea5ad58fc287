import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketRooms,
  JamsocketService,
  OnDisconnect,
  OnMessage,
  OnResume,
  type Client,
  type HeartbeatOptions,
  type Limits,
} from 'nestjs-jamsocket';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { letGoBy } from './support/let-go-by.js';
import { ResumingClient } from './support/resuming-client.js';
import { roundTrip } from './support/round-trip.js';
import { onSocket, startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';
import { VirtualClock } from '../libs/jamsocket/src/testing/time/virtual-clock.js';

const journal = new Journal();
let gate: Gate;

const WATCHFUL: HeartbeatOptions = { intervalMs: 1_000, timeoutMs: 3_000 };

@JamsocketService({ limits: { mailbox: { maxEvents: 2 } } })
class NarrowRoom {
  @OnMessage()
  async message(client: Client, text: string) {
    journal.add(text.slice(0, 9));
    await gate.opened;
    client.sendMessage(text);
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`disconnect ${client.id} ${client.closed?.code}`);
  }
}

@JamsocketService({ path: 'resumed', limits: { mailbox: { maxEvents: 2, maxBytes: 200_000 } } })
class ResumedRoom {
  @OnMessage()
  async message(client: Client, text: string) {
    journal.add(text);
    await gate.opened;
    client.sendMessage(text);
  }

  @OnResume()
  resumed() {
    journal.add('resumed');
  }
}

let started: TestApp;
/** Virtual time for the heartbeats: no test waits for seconds. */
let clock: VirtualClock;
/** The server's end of the client's connection. */
let serverEnd: Socket;

const room = () => started.app.get(JamsocketRooms).localRooms()[0];

async function start(heartbeat: HeartbeatOptions | false, limits: Limits = {}): Promise<TestClient> {
  clock = new VirtualClock();
  started = await startTestApp({ providers: [NarrowRoom], options: { heartbeat, limits }, clock });
  onSocket(started, (socket) => (serverEnd = socket));
  return TestClient.connect(`${started.ws}/ws/room`);
}

/** Resolves when both ends have read what the other one has sent: each ping is answered, and its pong is heard. */
async function pongsOf(client: TestClient): Promise<void> {
  const ownEnd = tcpSocketOf(client);
  while (ownEnd.bytesRead < serverEnd.bytesWritten || serverEnd.bytesRead < ownEnd.bytesWritten) await tick();
}

async function lose(client: TestClient, how: string): Promise<void> {
  if (how === 'reset') tcpSocketOf(client).resetAndDestroy();
  else tcpSocketOf(client).destroy();
  await client.closed;
}

async function untilNobodyIsHere(): Promise<void> {
  while (room().clients.size > 0) await sleep(5);
  expect(journal.entries).toEqual(['1']);
}

describe('a room with more to do than its mailbox holds', () => {
  beforeEach(() => {
    gate = new Gate();
    journal.clear();
  });
  afterEach(async () => {
    gate.open();
    await started.close();
  });

  describe('has a client that', () => {
    /** One message is handled and does not end; two fill the mailbox, and the others are held. */
    async function heldUpClient(heartbeat: HeartbeatOptions | false = false): Promise<TestClient> {
      const client = await start(heartbeat);
      for (const text of ['1', '2', '3', '4', '5']) client.send(text);
      await journal.has('1');
      const [member] = room().clients.values();
      while (member.held === null) await sleep(5);
      expect(localRoom(room().room).waitingEvents).toBe(2);
      return client;
    }

    /** It is no longer a client, though its messages still wait; their turns come before its end. */
    async function isHeardToTheEnd(code: number): Promise<void> {
      await untilNobodyIsHere();
      gate.open();
      await journal.has(`disconnect 1 ${code}`);
      expect(journal.entries).toEqual(['1', '2', '3', '4', '5', `disconnect 1 ${code}`]);
    }

    it('gets its pings answered meanwhile', async () => {
      const client = await heldUpClient();
      client.socket.ping('are you there?');
      const [payload] = (await once(client.socket, 'pong')) as [Buffer];
      expect(payload.toString()).toBe('are you there?');
      expect(journal.entries).toEqual(['1']);
    });

    it('closes, has closed at once, and is heard to the end', async () => {
      const client = await heldUpClient();
      expect((await client.close(4001)).code).toBe(4001);
      await isHeardToTheEnd(4001);
    });

    it.each(['reset', 'ended'])('loses its connection (%s), has left at once, and is heard to the end', async (how) => {
      await lose(await heldUpClient(), how);
      await isHeardToTheEnd(1006);
    });

    it('is gone without a word, is found, and is heard to the end', async () => {
      const client = await heldUpClient(WATCHFUL);
      // It answers no ping.
      tcpSocketOf(client).pause();
      await letGoBy(clock, 6_000, tick);
      await isHeardToTheEnd(1006);
    });

    it('stays, since its pongs are heard', async () => {
      const client = await heldUpClient(WATCHFUL);
      let pings = 0;
      client.socket.on('ping', () => pings++);
      await letGoBy(clock, 4_500, () => pongsOf(client));
      expect(pings).toBeGreaterThan(2);
      expect(client.socket.readyState).toBe(client.socket.OPEN);
      gate.open();
      for (const text of ['1', '2', '3', '4', '5']) expect(await client.nextText()).toBe(text);
      await client.close();
    });

    it('is handled in order with what it sends later, however often the mailbox is full', async () => {
      const client = await heldUpClient();
      for (let n = 6; n <= 40; n++) client.send(String(n));
      gate.open();
      for (let n = 1; n <= 40; n++) {
        expect(await client.nextText()).toBe(String(n));
        if (n % 10 === 0) client.send(String(40 + n / 10));
      }
      for (let n = 41; n <= 44; n++) expect(await client.nextText()).toBe(String(n));
      await client.close();
    });

    it('comes back after a lost connection, is heard in order, and nothing twice', async () => {
      started = await startTestApp({ providers: [NarrowRoom] });
      const client = await ResumingClient.connect(`${started.ws}/ws/room`);
      for (let n = 1; n <= 5; n++) client.send(String(n));
      await journal.has('1');
      const [member] = room().clients.values();
      while (member.held === null || localRoom(room().room).waitingEvents < 2) await sleep(5);
      await client.cut();
      while (member.isConnected) await sleep(5);
      expect(await client.resume()).toMatchObject({ resumed: true, received: 5 });
      client.confirm();
      for (let n = 6; n <= 8; n++) client.send(String(n));
      gate.open();
      await client.until('8');
      expect(client.messages).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
      expect(journal.entries).toEqual(client.messages);
      await client.connection.close();
    });

    it('shares the mailbox with the others that wait', async () => {
      const client = await heldUpClient();
      const other = await TestClient.connect(`${started.ws}/ws/room`);
      for (const text of ['a', 'b', 'c']) other.send(text);
      // Its connect and its first message.
      while (localRoom(room().room).waitingEvents < 4) await sleep(5);
      gate.open();
      for (const text of ['a', 'b', 'c']) expect(await other.nextText()).toBe(text);
      for (const text of ['1', '2', '3', '4', '5']) expect(await client.nextText()).toBe(text);
      await Promise.all([client.close(), other.close()]);
    });

    it('sends without end, and does not keep the others out', async () => {
      const flooder = await heldUpClient();
      const other = await TestClient.connect(`${started.ws}/ws/room`);
      other.send('me too');
      for (let n = 6; n <= 300; n++) flooder.send(String(n));
      // The connect of the other waits, and its message is held or waits.
      const { room: inner } = room();
      while (localRoom(inner).waitingEvents < 3) await sleep(5);
      const latest = () => localRoom(inner).members.all.at(-1)!;
      while (latest().held === null && localRoom(inner).waitingEvents < 4) await sleep(5);
      gate.open();
      await other.until('me too');
      const before = journal.entries.indexOf('me too');
      expect(before).toBeLessThan(20);
      await flooder.until('300');
      await Promise.all([flooder.close(), other.close()]);
    });

    it('comes back, and its @OnResume has its place between what it sent before and after', async () => {
      started = await startTestApp({ providers: [ResumedRoom] });
      const client = await ResumingClient.connect(`${started.ws}/ws/resumed/room`);
      for (let n = 1; n <= 5; n++) client.send(String(n));
      await journal.has('1');
      const [member] = room().clients.values();
      while (member.held === null || localRoom(room().room).waitingEvents < 2) await sleep(5);
      await client.cut();
      while (member.isConnected) await sleep(5);
      await client.resume();
      client.confirm();
      client.send('6');
      gate.open();
      await client.until('6');
      expect(journal.entries).toEqual(['1', '2', '3', '4', '5', 'resumed', '6']);
      await client.connection.close();
    });

    it('comes and goes again and again, leaves what it sent, and is let in no more while that is too much', async () => {
      started = await startTestApp({ providers: [ResumedRoom] });
      const url = `${started.ws}/ws/resumed/room`;
      let visits = 0;
      const leave = async () => {
        const client = await TestClient.connect(url);
        for (let n = 0; n < 300; n++) client.send('');
        await client.close();
        // The room may hear of it later: from another node.
        while (localRoom(room().room).members.all.some(({ closed }) => closed === undefined)) await sleep(5);
        visits++;
      };
      // 60,000 bytes each until there are 200,000 bytes; and the first few go into the mailbox itself.
      await leave();
      while (visits < 20 && !localRoom(room().room).isSwamped) await leave();
      expect(visits).toBeLessThanOrEqual(5);
      const refused = await TestClient.refused(url);
      expect([refused.status, refused.body.code]).toEqual([503, 'room_busy']);
      gate.open();
      const late = async () => {
        for (;;) {
          const client = await TestClient.connect(url).catch(() => undefined);
          if (client !== undefined) return client;
          await sleep(5);
        }
      };
      const client = await late();
      client.send('last');
      await client.until('last');
      expect(journal.entries.length).toBe(visits * 300 + 1);
      await client.close();
    });

    it('is not closed for its rate, which counts when it sends', async () => {
      const client = await start(false, { messagesPerSecond: { rate: 10, burst: 3 } });
      for (let n = 1; n <= 8; n++) {
        client.send(String(n));
        await pongsOf(client);
        await letGoBy(clock, 110, tick);
      }
      gate.open();
      for (let n = 1; n <= 8; n++) expect(await client.nextText()).toBe(String(n));
      await client.close();
    });
  });

  describe('has a client with more than is read ahead, whose socket is not read, and that', () => {
    /** Sends more than the operating system and Node read ahead. Resolves when Node has read as much as it does. */
    async function fill(client: TestClient): Promise<void> {
      for (let n = 0; n < 200; n++) client.send('x'.repeat(100_000));
      while (serverEnd.readableLength < serverEnd.readableHighWaterMark) await tick();
    }

    /** One message is handled and does not end; two fill the mailbox, the fourth is as much as is read ahead. */
    async function pausedClient(heartbeat: HeartbeatOptions | false = false): Promise<TestClient> {
      const client = await start(heartbeat);
      for (const text of ['1', '2', '3', 'four '.padEnd(40_000, '4')]) client.send(text);
      await journal.has('1');
      const [member] = room().clients.values();
      while (!member.connection!.isPaused) await sleep(5);
      return client;
    }

    it('closes, is heard to the end, and has left when all of that is handled', async () => {
      const client = await pausedClient();
      const closed = client.close(4001);
      await roundTrip(started);
      expect(journal.entries).toEqual(['1']);
      gate.open();
      expect((await closed).code).toBe(4001);
      await journal.has('disconnect 1 4001');
      expect(journal.entries).toEqual(['1', '2', '3', 'four 4444', 'disconnect 1 4001']);
    });

    it('asks whether the server is there, and hears that it is, also when it has come back', async () => {
      started = await startTestApp({ providers: [NarrowRoom], options: { heartbeat: WATCHFUL } });
      const client = await ResumingClient.connect(`${started.ws}/ws/room`);
      const sent = ['1', '2', '3', 'four '.padEnd(40_000, '4')];
      for (const text of sent) client.send(text);
      await journal.has('1');
      const [member] = room().clients.values();
      const hearsServer = async () => {
        while (!member.connection?.isPaused) await sleep(5);
        client.beat();
        const { jamsocket } = client.welcome;
        expect(await client.connection.nextJson()).toEqual({ jamsocket, handled: expect.any(Number) });
      };
      await hearsServer();
      await client.cut();
      await expect(client.resume()).resolves.toMatchObject({ resumed: true });
      client.confirm();
      await hearsServer();
      gate.open();
      await client.until(sent[3]);
      expect(client.messages).toEqual(sent);
      await client.connection.close();
    });

    describe.each(['reset', 'ended'])('loses its connection (%s)', (how) => {
      it('has left at once', async () => {
        await lose(await pausedClient(), how);
        await untilNobodyIsHere();
      });

      it('behind more than was read, has left as soon as the room sends it something', async () => {
        const client = await pausedClient();
        await fill(client);
        await lose(client, how);
        await roundTrip(started);
        expect(room().clients.size).toBe(1);
        room().sendMessage(1, 'are you there?');
        // The answer to what is written first says that nobody is there; then the next one cannot be written.
        await roundTrip(started);
        room().sendMessage(1, 'are you there?');
        await untilNobodyIsHere();
      });

      it('behind more than was read, has left when the heartbeat has found it gone', async () => {
        const client = await pausedClient(WATCHFUL);
        await fill(client);
        await lose(client, how);
        await letGoBy(clock, 4_000, () => roundTrip(started));
        await untilNobodyIsHere();
      });

      it('behind more than was read, has left when the room reads again', async () => {
        const client = await pausedClient();
        await fill(client);
        await lose(client, how);
        gate.open();
        await journal.has('disconnect 1 1006');
        expect(journal.entries.slice(0, 4)).toEqual(['1', '2', '3', 'four 4444']);
      });
    });

    it('is closed by the room at once all the same', async () => {
      const client = await pausedClient();
      const began = performance.now();
      room().clients.get(1)!.close(4002);
      expect((await client.closed).code).toBe(4002);
      // The client's close frame is still read, so nothing waits for a timeout.
      expect(performance.now() - began).toBeLessThan(20_000);
      gate.open();
      await journal.has('disconnect 1 4002');
    });

    it('is not blamed for its silence meanwhile, nor when it is read again', async () => {
      const client = await pausedClient(WATCHFUL);
      await letGoBy(clock, 3_500, tick);
      gate.open();
      await client.until('four '.padEnd(40_000, '4'));
      await letGoBy(clock, 1_300, () => pongsOf(client));
      expect(client.socket.readyState).toBe(client.socket.OPEN);
      await client.close();
    });
  });
});
