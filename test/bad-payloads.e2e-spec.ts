import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JamsocketContext, JamsocketService, OnMessage, OnTimer, type Client } from 'nestjs-jamsocket';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** What a program may have where its types say there is text. */
const NO_TEXTS: Readonly<Record<string, unknown>> = {
  number: 5,
  object: {},
  list: [1, 2],
  nothing: undefined,
  null: null,
};

@JamsocketService()
class CarelessRoom {
  private wanted: { client: Client; what: string } | undefined;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'are you there?') return 'yes';
    const [how, what] = text.split(' ');
    if (how === 'send') client.sendMessage(NO_TEXTS[what] as string);
    if (how === 'bytes') client.sendBinary(NO_TEXTS[what] as Uint8Array);
    if (how === 'reply') return () => what;
    if (how !== 'timer') return undefined;
    this.wanted = { client, what };
    this.ctx.setTimer(1);
    return undefined;
  }

  @OnTimer()
  timer() {
    const { client, what } = this.wanted!;
    try {
      client.sendMessage(NO_TEXTS[what] as string);
    } finally {
      client.sendMessage('the timer has run');
    }
  }
}

describe('what is no message', () => {
  let started: TestApp;
  let client: TestClient;
  let neighbour: TestClient;
  beforeAll(async () => {
    started = await startTestApp({ host: HOSTS[0], providers: [CarelessRoom] });
    client = await TestClient.connect(`${started.ws}/ws/room`);
    neighbour = await TestClient.connect(`${started.ws}/ws/room`);
  });
  afterAll(() => started.close());

  async function everyoneIsThere(): Promise<void> {
    for (const one of [client, neighbour]) one.send('are you there?');
    for (const one of [client, neighbour]) expect(await one.nextText()).toBe('yes');
  }

  it.each(Object.keys(NO_TEXTS))('(%s) is an error of the handler that sends it', async (what) => {
    for (const how of ['send', 'bytes']) {
      client.send(`${how} ${what}`);
      expect(await client.nextJson()).toMatchObject({ event: 'exception' });
      await everyoneIsThere();
    }
  });

  it.each(Object.keys(NO_TEXTS))('(%s) does no harm when a timer sends it', async (what) => {
    client.send(`timer ${what}`);
    expect(await client.nextText()).toBe('the timer has run');
    await everyoneIsThere();
  });

  it('is an error where a handler returns it', async () => {
    client.send('reply function');
    expect(await client.nextJson()).toMatchObject({ event: 'exception' });
    await everyoneIsThere();
  });
});
