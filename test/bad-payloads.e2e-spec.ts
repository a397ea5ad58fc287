import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WsException } from '@nestjs/websockets';
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

@JamsocketService('events')
class EventsRoom {
  @OnMessage('now')
  now(_client: Client, data: unknown) {
    return data;
  }

  @OnMessage('later')
  async later(_client: Client, data: unknown) {
    await Promise.resolve();
    return data;
  }

  @OnMessage('refuse')
  refuse(_client: Client, data: unknown) {
    throw new WsException({ status: 'error', message: 'refused', data });
  }
}

/** `JSON.parse` takes it, `JSON.stringify` does not. */
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
const BAD_IDS = [DEEP, '{"a":1}', '[1]', 'true', 'null', '1e999', `"${'x'.repeat(129)}"`];
const GOOD_IDS = ['x'.repeat(128), '', 0, -1.5, 1e300];

describe('an event whose id or data cannot be sent back', () => {
  let started: TestApp;
  let client: TestClient;
  beforeAll(async () => {
    started = await startTestApp({ providers: [EventsRoom] });
    client = await TestClient.connect(`${started.ws}/ws/events/room`);
  });
  afterAll(() => started.close());

  const EVENTS = ['now', 'later', 'refuse', 'unknown'];

  async function isThere(): Promise<void> {
    client.emit('later', 'still here', 7);
    expect(await client.nextJson()).toEqual({ event: 'later', data: 'still here', id: 7 });
  }

  it.each(EVENTS)('is refused if its id is no short string and no number: %s', async (event) => {
    for (const id of BAD_IDS) {
      client.send(`{"event":"${event}","data":1,"id":${id}}`);
      const answer = await client.nextJson<object>();
      const message = 'The "id" of a message is a string of at most 128 characters or a finite number.';
      expect(answer).toEqual({ event: 'exception', data: { status: 'error', message } });
    }
    await isThere();
  });

  it('keeps any other id', async () => {
    for (const id of GOOD_IDS) {
      client.emit('now', 1, id);
      expect(await client.nextJson()).toEqual({ event: 'now', data: 1, id });
      client.emit('unknown', 1, id);
      expect(await client.nextJson()).toMatchObject({ event: 'exception', id });
    }
  });

  it.each(['now', 'later', 'refuse'])('is an error of the handler if its data is too deep: %s', async (event) => {
    client.send(`{"event":"${event}","data":${DEEP},"id":7}`);
    expect(await client.nextJson()).toEqual({
      event: 'exception',
      data: { status: 'error', message: 'Internal server error' },
      id: 7,
    });
    await isThere();
  });
});

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
