import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketService, OnDestroy, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** Long enough for a machine that is busy with other things. */
const GRACE_MS = 5_000;
const CLIENTS = 30;
const MESSAGES = 20;

const journal = new Journal();
/** Ends of the turns that are under way. */
let ends: (() => void)[] = [];
/** This many turns end at once; the others wait. */
let freeTurns = Infinity;
let turns = 0;
const isHanging = new Set<string>();
const never = new Promise<void>(() => undefined);

@JamsocketService({ limits: { mailbox: { maxEvents: 100 } } })
class BusyRoom {
  @OnMessage()
  async message(_client: Client, _text: string) {
    turns++;
    journal.add(`turn ${turns}`);
    if (turns > freeTurns) await new Promise<void>((resolve) => ends.push(resolve));
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`disconnect ${client.id}`);
    if (isHanging.has('disconnect')) return never;
  }

  @OnDestroy()
  destroy() {
    journal.add('destroy');
    if (isHanging.has('destroy')) return never;
  }

  onModuleDestroy() {
    journal.add('provider destroyed');
  }
}

describe('messages that wait when the application shuts down', () => {
  let started: TestApp;
  let clients: ResumingClient[];
  let warnings: jest.SpiedFunction<Logger['warn']>;

  beforeEach(async () => {
    journal.clear();
    ends = [];
    turns = 0;
    isHanging.clear();
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    started = await startTestApp({ providers: [BusyRoom], options: { shutdownGraceMs: GRACE_MS } });
  });
  afterEach(async () => {
    await started.close().catch(() => undefined);
    warnings.mockRestore();
  });

  /** Every client has sent everything, and the first turn is under way. */
  async function fill(count = CLIENTS): Promise<void> {
    freeTurns = 0;
    clients = await Promise.all(Array.from({ length: count }, () => ResumingClient.connect(`${started.ws}/ws/busy`)));
    for (let n = 0; n < MESSAGES; n++) for (const client of clients) client.send(`${n}`);
    // What a socket has sent before its ping has arrived when the pong comes.
    await Promise.all(
      clients.map(({ connection: { socket } }) => {
        socket.ping();
        return new Promise((resolve) => socket.once('pong', resolve));
      }),
    );
    expect(turns).toBe(1);
  }

  /** Ends this many turns. */
  function free(count: number): void {
    freeTurns = count;
    for (const end of ends.splice(0)) end();
  }

  /** The messages that the clients got before they were closed. */
  async function acknowledged(): Promise<number[]> {
    return Promise.all(
      clients.map(async ({ connection, welcome }) => {
        expect(await connection.closed).toEqual({ code: 1012, reason: 'service restart' });
        const frames = connection.received
          .map(String)
          .filter((text) => text.startsWith(`{"jamsocket":"${welcome.jamsocket}",`));
        return (JSON.parse(frames.at(-1)!) as { handled: number }).handled;
      }),
    );
  }

  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const disconnects = () => journal.entries.filter((entry) => entry.startsWith('disconnect'));

  it('have their turns, and each client is told so before it is closed', async () => {
    await fill();
    const closing = started.close();
    free(Infinity);
    await closing;
    expect(await acknowledged()).toEqual(clients.map(() => MESSAGES));
    expect(turns).toBe(CLIENTS * MESSAGES);
    expect(disconnects()).toHaveLength(CLIENTS);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('are given up unacknowledged when there is no time for them, and every @OnDisconnect and @OnDestroy runs', async () => {
    await fill();
    const closing = started.close();
    const handled = 250;
    free(handled);
    await closing;
    expect(sum(await acknowledged())).toBe(handled);
    expect(turns).toBe(handled + 1);
    expect(disconnects()).toHaveLength(CLIENTS);
    expect(journal.entries.slice(-2)).toEqual(['destroy', 'provider destroyed']);
    expect(warnings.mock.calls.map(([line]) => String(line))).toEqual([
      expect.stringMatching(/^Shutting down: \d+ messages .* within 3000 ms .* in BusyRoom "busy"/),
    ]);
  });

  it('do not keep an @OnDisconnect or an @OnDestroy from beginning, even if each of them hangs', async () => {
    await fill(5);
    isHanging.add('disconnect').add('destroy');
    const plain = await TestClient.connect(`${started.ws}/ws/busy`);
    await started.close();
    expect((await plain.closed).code).toBe(1012);
    expect(new Set(disconnects()).size).toBe(6);
    expect(journal.entries).toEqual(expect.arrayContaining(['destroy', 'provider destroyed']));
  });

  it('are not sent again by a client that comes back, and not taken for handled, while nothing shuts down', async () => {
    await fill(1);
    const [client] = clients;
    free(10);
    await journal.has('turn 11');
    await client.cut();
    expect(await client.resume()).toMatchObject({ resumed: true, received: MESSAGES, handled: 10 });
    client.confirm();
    client.send('one more');
    free(Infinity);
    await journal.has(`turn ${MESSAGES + 1}`);
    await client.cut();
    expect(await client.resume()).toMatchObject({ resumed: true, received: MESSAGES + 1, handled: MESSAGES + 1 });
    expect(turns).toBe(MESSAGES + 1);
  });
});
