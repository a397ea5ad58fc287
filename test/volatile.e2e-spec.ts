import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { startTestApp, type TestApp } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';

const CHUNK = 'x'.repeat(64 * 1024);

class PositionsRoom {
  constructor(readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(client: Client, text: string) {
    const others = everyoneExcept(client);
    this.ctx.sendMessage(others, `position ${text}`, { volatile: true });
    this.ctx.sendMessage(Broadcast, `said ${text} ${CHUNK}`);
    this.ctx.sendBinary(others, Buffer.from('bytes'), { volatile: true });
    this.ctx.emit(others, 'moved', text, { volatile: true });
    for (const other of this.ctx.clients.values()) other.sendMessage(`direct ${text}`, { volatile: true });
  }
}

@JamsocketService('fast')
class FastRoom extends PositionsRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

@JamsocketService({ path: 'plain', coalesce: false })
class PlainRoom extends PositionsRoom {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

describe.each(['fast', 'plain'])('volatile messages, in a %s room', (service) => {
  let started: TestApp;
  beforeEach(async () => {
    started = await startTestApp({
      providers: [FastRoom, PlainRoom],
      options: { limits: { maxBufferedBytes: 64 * 1024 * 1024 } },
    });
  });
  afterEach(() => started.close());

  it('are skipped only for clients that are behind', async () => {
    const url = `${started.ws}/ws/${service}/room`;
    const [sender, witness, stuck] = [
      await TestClient.connect(url),
      await TestClient.connect(url),
      await TestClient.connect(url),
    ];
    for (const client of [sender, witness, stuck]) await client.until('welcome');
    const socket = tcpSocketOf(stuck);
    socket.pause();
    const rounds = 200;
    for (let n = 0; n < rounds; n++) {
      sender.send(String(n));
      await sender.until(`direct ${n}`);
      await witness.until(`direct ${n}`);
    }
    socket.resume();
    await stuck.until((text) => text.startsWith(`said ${rounds - 1} `));

    const kindsOf = (client: TestClient, kind: string) =>
      client.received.map(String).filter((text) => text.startsWith(kind)).length;
    for (const kind of ['position', 'bytes', '{"event":"moved"', 'direct']) {
      expect([kind, kindsOf(witness, kind)]).toEqual([kind, rounds]);
      expect(kindsOf(stuck, kind)).toBeLessThan(rounds);
    }
    const said = stuck.received.map((message) => String(message).split(' ', 2)).filter(([kind]) => kind === 'said');
    expect(said.map(([, n]) => Number(n))).toEqual(Array.from({ length: rounds }, (_, n) => n));
    await Promise.all([sender.close(), witness.close(), stuck.close()]);
  });
});
