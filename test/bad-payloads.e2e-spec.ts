import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import * as v from 'valibot';
import { JamsocketContext, JamsocketService, OnMessage, OnTimer, type Client } from 'nestjs-jamsocket';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** Values that a JavaScript program may pass instead of a text. */
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

const MEGABYTE = 1_000_000;

@JamsocketService('strict')
class StrictRoom {
  @OnMessage('list', v.array(v.string()))
  list() {}

  @OnMessage('named', v.record(v.string(), v.array(v.string())))
  named() {}

  @OnMessage('how')
  how(_client: Client, how: string) {
    const long = 'x'.repeat(MEGABYTE);
    if (how === 'text') throw new WsException(long);
    if (how === 'object') throw new WsException({ status: 'error', code: 'LONG', message: long, extra: [long] });
    if (how === 'http') throw new BadRequestException(Array.from({ length: 100_000 }, (_, n) => `mistake ${n}`));
    if (how === 'escaped') throw new WsException({ status: 'error', message: '\0'.repeat(16_000) });
    throw new WsException({ status: 'error', whole: 'y'.repeat(16_000) });
  }
}

describe('an exception is not larger than what it is about', () => {
  let started: TestApp;
  let client: TestClient;
  beforeAll(async () => {
    started = await startTestApp({ providers: [StrictRoom], options: { limits: { maxPayloadBytes: 2 * MEGABYTE } } });
    client = await TestClient.connect(`${started.ws}/ws/strict/room`);
  });
  afterAll(() => started.close());

  interface Answer {
    readonly event: string;
    readonly data: { status: string; code: string; message: string; issues: { message: string; path: unknown[] }[] };
    readonly id: number;
  }

  async function answerTo(event: string, data: unknown): Promise<Answer['data']> {
    client.emit(event, data, 1);
    const text = await client.nextText();
    expect(text.length).toBeLessThan(17_000);
    const answer = JSON.parse(text) as Answer;
    expect(answer).toMatchObject({ event: 'exception', data: { status: 'error' }, id: 1 });
    return answer.data;
  }

  it('names 20 issues of a schema and says how many more there are', async () => {
    const { message, issues } = await answerTo(
      'list',
      Array.from({ length: 50_000 }, () => 1),
    );
    expect(issues).toHaveLength(20);
    expect(issues[19].path).toEqual([19]);
    expect(message).toMatch(/^The data of "list" is not valid: .*; and 49980 more$/);
  });

  it('cuts what an issue quotes of the message', async () => {
    const { issues } = await answerTo('named', { ['k'.repeat(MEGABYTE / 2)]: [1], other: 'z'.repeat(MEGABYTE / 2) });
    expect(issues[0].path).toEqual([`${'k'.repeat(64)}…`, 0]);
    for (const { message } of issues) expect(message.length).toBeLessThanOrEqual(201);
  });

  it('cuts what an application throws', async () => {
    expect(await answerTo('how', 'text')).toEqual({
      status: 'error',
      code: 'refused',
      message: `${'x'.repeat(200)}…`,
    });
    expect(await answerTo('how', 'object')).toEqual({
      status: 'error',
      code: 'LONG',
      message: `${'x'.repeat(200)}…`,
    });
    const { code, message } = await answerTo('how', 'http');
    expect(code).toBe('bad_request');
    expect(message).toBe([...Array.from({ length: 20 }, (_, n) => `mistake ${n}`), 'and 99980 more'].join('; '));
    expect((await answerTo('how', 'escaped')).message).toBe(`${'\0'.repeat(200)}…`);
  });

  it('leaves what is short enough as it is', async () => {
    expect(await answerTo('how', 'whole')).toEqual({
      status: 'error',
      code: 'refused',
      message: 'Ws Exception',
      whole: 'y'.repeat(16_000),
    });
  });
});

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
      expect(answer).toEqual({ event: 'exception', data: { status: 'error', code: 'bad_id', message } });
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
      data: { status: 'error', code: 'internal', message: 'Internal server error' },
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
