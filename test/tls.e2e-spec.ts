import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Broadcast, JamsocketContext, JamsocketService, OnBinary, OnMessage, type Client } from 'nestjs-jamsocket';
import { readFileSync } from 'node:fs';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const file = (name: string) => readFileSync(new URL(`./support/tls/${name}`, import.meta.url), 'utf8');
// A key that is only for these specs.
const https = { key: file('key.pem'), cert: file('cert.pem') };

@JamsocketService()
class Room {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(client: Client, text: string) {
    if (text.startsWith('all ')) this.ctx.sendMessage(Broadcast, text);
    else client.sendMessage(text);
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }
}

describe.each(HOSTS.filter(({ beside }) => beside === 'nothing'))('rooms over TLS, on $platform', (host) => {
  let started: TestApp;
  beforeAll(async () => {
    started = await startTestApp({ host, providers: [Room], https });
  });
  afterAll(() => started.close());

  const connect = (room: string) => TestClient.connect(`${started.ws}/ws/${room}`, { ca: https.cert });

  it('give back what they get, of any length', async () => {
    const client = await connect('echo');
    const texts = [0, 1, 125, 126, 1_000, 16_384, 65_535, 65_536, 200_000].flatMap((length) => [
      'x'.repeat(length),
      'ü€😀'.repeat(length / 8),
    ]);
    for (const text of texts) client.send(text);
    for (const text of texts) expect(await client.nextText()).toBe(text);
    await client.close();
  });

  it('keep the order of answers and broadcasts', async () => {
    const clients = [await connect('order'), await connect('order'), await connect('order')];
    const [first] = clients;
    for (let n = 0; n < 500; n++) first.send(n % 3 === 0 ? `all ${n}` : `own ${n}`);
    for (const client of clients) {
      for (let n = 0; n < 500; n++) {
        if (n % 3 === 0) expect(await client.nextText()).toBe(`all ${n}`);
        else if (client === first) expect(await client.nextText()).toBe(`own ${n}`);
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('do not change what a client has still to read', async () => {
    const [slow, other] = [await connect('slow'), await connect('slow')];
    slow.pause();
    for (let n = 0; n < 300; n++) {
      slow.send(`${n} ${'s'.repeat(n % 100)}`);
      other.send(`${n} ${'o'.repeat(n % 100)}`);
      expect(await other.nextText()).toBe(`${n} ${'o'.repeat(n % 100)}`);
    }
    slow.resume();
    for (let n = 0; n < 300; n++) expect(await slow.nextText()).toBe(`${n} ${'s'.repeat(n % 100)}`);
    await Promise.all([slow.close(), other.close()]);
  });
});
