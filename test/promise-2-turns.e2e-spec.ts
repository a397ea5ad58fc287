import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketContext, JamsocketService, OnMessage, type Client } from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe.each(HOSTS)('a room handles one event at a time, on $platform beside $beside', (host) => {
  const journal = new Journal();
  let gate: Gate;
  let started: TestApp;

  @JamsocketService({ handlerTimeoutMs: 200 })
  class SlowRoom {
    constructor(private readonly ctx: JamsocketContext) {}

    @OnMessage()
    async message(client: Client, text: string) {
      journal.add(`${this.ctx.roomId} begins ${text}`);
      if (text === 'slow') await gate.opened;
      if (text === 'endless') await new Promise(() => undefined);
      journal.add(`${this.ctx.roomId} ends ${text}`);
      client.sendMessage(`done ${text}`);
    }
  }

  beforeAll(async () => {
    started = await startTestApp({ host, providers: [SlowRoom] });
  });
  beforeEach(() => {
    journal.clear();
    gate = new Gate();
  });
  afterAll(() => started.close());

  it('begins the next event when the handler has settled, not before', async () => {
    const first = await TestClient.connect(`${started.ws}/ws/a`);
    const second = await TestClient.connect(`${started.ws}/ws/a`);
    first.send('slow');
    await journal.has('a begins slow');
    second.send('next');
    first.send('last');
    // An answer of another room shows that the server has read everything so far.
    const other = await TestClient.connect(`${started.ws}/ws/b`);
    other.send('probe');
    await other.until('done probe');
    expect(journal.entries).toEqual(['a begins slow', 'b begins probe', 'b ends probe']);
    gate.open();
    await first.until('done last');
    await second.until('done next');
    const ofA = journal.entries.filter((entry) => entry.startsWith('a'));
    for (let at = 0; at < ofA.length; at += 2) expect(ofA[at + 1]).toBe(ofA[at].replace('begins', 'ends'));
    expect(ofA).toHaveLength(6);
    for (const client of [first, second, other]) await client.close();
  });

  it('reports a handler that takes too long, and moves on', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const client = await TestClient.connect(`${started.ws}/ws/c`);
    client.send('endless');
    client.send('after');
    await client.until('done after');
    expect(logged.mock.calls.flat().join()).toContain('SlowRoom has not finished in 200 ms');
    logged.mockRestore();
    await client.close();
  });
});
