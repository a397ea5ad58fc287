import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketRooms,
  JamsocketService,
  OnDisconnect,
  OnMessage,
  type Client,
  type HeartbeatOptions,
} from 'nestjs-jamsocket';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate, Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

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

describe('a client whose room has so much to do that its socket is not read', () => {
  let started: TestApp;
  beforeEach(() => {
    gate = new Gate();
    journal.clear();
  });
  afterEach(async () => {
    gate.open();
    await started.close();
  });

  const room = () => started.app.get(JamsocketRooms).list()[0];

  /** With more than the operating system and Node read ahead. */
  async function fill(client: TestClient): Promise<void> {
    for (let n = 0; n < 200; n++) client.send('x'.repeat(100_000));
    await sleep(100);
  }

  /** One message is handled and does not end; two fill the mailbox, and the fourth is not read. */
  async function pausedClient(heartbeat: HeartbeatOptions | false = false): Promise<TestClient> {
    started = await startTestApp({ providers: [NarrowRoom], options: { heartbeat } });
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    for (const text of ['1', '2', '3', '4']) client.send(text);
    await journal.has('1');
    const [member] = room().clients.values();
    while (!member.connection!.isPaused) await sleep(5);
    return client;
  }

  it('and that closes, is heard to the end, and has left when all of that is handled', async () => {
    const client = await pausedClient();
    const closed = client.close(4001);
    await sleep(100);
    expect(journal.entries).toEqual(['1']);
    gate.open();
    expect((await closed).code).toBe(4001);
    await journal.has('disconnect 1 4001');
    expect(journal.entries).toEqual(['1', '2', '3', '4', 'disconnect 1 4001']);
  });

  describe.each(['reset', 'ended'])('and whose connection is %s', (how) => {
    async function lose(client: TestClient): Promise<void> {
      const { _socket: socket } = client.socket as unknown as { _socket: Socket };
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
      await client.closed;
    }

    async function untilNobodyIsHere(patienceMs = 2_000): Promise<void> {
      const deadline = performance.now() + patienceMs;
      while (room().clients.size > 0 && performance.now() < deadline) await sleep(5);
      expect(room().clients.size).toBe(0);
      expect(journal.entries).toEqual(['1']);
    }

    it('has left at once', async () => {
      await lose(await pausedClient());
      await untilNobodyIsHere();
    });

    it('behind more than was read, has left as soon as the room sends it something', async () => {
      const client = await pausedClient();
      await fill(client);
      await lose(client);
      await sleep(200);
      expect(room().clients.size).toBe(1);
      for (let n = 0; n < 2; n++) {
        room().sendMessage(1, 'are you there?');
        await sleep(50);
      }
      await untilNobodyIsHere();
    });

    it('behind more than was read, has left when the heartbeat has found it gone', async () => {
      const client = await pausedClient(WATCHFUL);
      await fill(client);
      await lose(client);
      await untilNobodyIsHere(4_000);
    });

    it('behind more than was read, has left when the room reads again', async () => {
      const client = await pausedClient();
      await fill(client);
      await lose(client);
      gate.open();
      await journal.has('disconnect 1 1006');
      expect(journal.entries.slice(0, 4)).toEqual(['1', '2', '3', '4']);
    });
  });

  it('is closed by the room at once all the same', async () => {
    const client = await pausedClient();
    const began = performance.now();
    room().clients.get(1)!.close(4002);
    expect((await client.closed).code).toBe(4002);
    // Its own close frame is read all the same: nobody waits for a time-out.
    expect(performance.now() - began).toBeLessThan(3_000);
    gate.open();
    await journal.has('disconnect 1 4002');
  });

  it('is not blamed for its silence meanwhile, nor when it is read again', async () => {
    const client = await pausedClient(WATCHFUL);
    await sleep(3_500);
    gate.open();
    await client.until('4');
    await sleep(1_300);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await client.close();
  });
});
