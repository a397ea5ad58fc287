import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { JamsocketRooms, JamsocketService, MemoryStore, OnMessage, State, type Client } from 'nestjs-jamsocket';
import { z } from 'zod';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { ResumingClient } from '../support/resuming-client.js';
import { TestClient } from '../support/test-client.js';
import { join } from './support/fixture.js';

class Asking {
  readonly clients: Client[] = [];

  @OnMessage('meet')
  meet(client: Client) {
    this.clients.push(client);
    return client.id;
  }

  /** Waits in its turn. */
  @OnMessage('ask')
  async ask(client: Client, { event, data, timeoutMs }: { event: string; data?: unknown; timeoutMs?: number }) {
    return client.ask(event, data, { timeoutMs }).catch(({ name, code, message }) => ({ name, code, message }));
  }

  @OnMessage()
  text(_client: Client, text: string) {
    return `heard ${text}`;
  }
}

@JamsocketService('asking')
class AskingRoom extends Asking {
  async outsideOfATurn(timeoutMs: number) {
    void this.clients[0].ask('slow', 1, { timeoutMs }).then(
      (answer) => this.clients[0].emit('outcome', answer),
      (error: { code: string }) => this.clients[0].closed ?? this.clients[0].emit('outcome', error.code),
    );
  }

  validated() {
    return this.clients[0]
      .ask('count', undefined, { schema: z.number() })
      .catch((error) => [error.code, error.issues.length]);
  }

  aborted() {
    return this.clients[0].ask('count', undefined, { signal: AbortSignal.abort() }).catch(({ code }) => code);
  }

  async left() {
    const [client] = this.clients;
    const left = client.ask('slow').catch(({ code }) => code);
    client.close();
    return left;
  }
}

@JamsocketService({ path: 'gated', durable: { save: 'turn' } })
class GatedRoom extends Asking {
  @State() asked = 0;
}

let started: TestApp;
let rooms: JamsocketRooms;
beforeAll(async () => {
  started = await startTestApp({ providers: [AskingRoom, GatedRoom], options: { store: new MemoryStore() } });
  rooms = started.app.get(JamsocketRooms);
});
afterAll(() => started.close());

const askingIn = async (path: string) => {
  const room = join(`${started.ws}/ws/${path}`);
  await room.until('open');
  await room.request('meet');
  return room;
};

it.each(['asking/a', 'gated/a'])('a handler waits for the answer of a client in its turn: %s', async (path) => {
  const room = await askingIn(path);
  room.onRequest('double', async (n: number) => n * 2);
  room.onRequest('nothing', () => undefined);
  expect(await room.request('ask', { event: 'double', data: 21 })).toBe(42);
  const refusals: string[] = [];
  const off = room.onRequest('double', () => {
    throw new Error('not now');
  });
  const page = globalThis as { reportError?: unknown };
  const { reportError } = page;
  page.reportError = (error: Error) => refusals.push(error.message);
  try {
    const refused = { name: 'ClientRequestError', code: 'refused' };
    expect(await room.request('ask', { event: 'double' })).toEqual({ ...refused, message: 'Error: not now' });
    off();
    expect(await room.request('ask', { event: 'double' })).toEqual({ ...refused, message: 'No handler for "double"' });
  } finally {
    page.reportError = reportError;
  }
  expect(refusals).toEqual(['not now']);
  room.close();
});

it('no answer in time, a late one, and a client that leaves', async () => {
  const room = await askingIn('asking/b');
  const texts: string[] = [];
  room.onText((text) => texts.push(text));
  const answers: ((value: unknown) => void)[] = [];
  room.onRequest('slow', () => new Promise((resolve) => answers.push(resolve)));
  const slow = { event: 'slow', timeoutMs: 1 };
  expect(await room.request('ask', slow)).toMatchObject({ code: 'timeout' });
  for (const answer of answers) answer('late');
  room.send('hello');
  expect(await room.untilText()).toBe('heard hello');
  expect(texts).toEqual(['heard hello']);
  expect(await rooms.invoke(AskingRoom, 'b', 'aborted')).toBe('aborted');
  room.onRequest('count', () => 'many');
  expect(await rooms.invoke(AskingRoom, 'b', 'validated')).toEqual(['invalid', 1]);
  room.onRequest('count', () => 3);
  expect(await rooms.invoke(AskingRoom, 'b', 'validated')).toBe(3);
  expect(await rooms.invoke(AskingRoom, 'b', 'left')).toBe('left');
});

it('a client without the protocol is not asked', async () => {
  const client = await TestClient.connect(`${started.ws}/ws/asking/c`);
  client.emit('ask', { event: 'ready?' }, 1);
  const { data } = await client.nextJson<{ data: object }>();
  expect(data).toEqual({
    name: 'ClientRequestError',
    code: 'unsupported',
    message: 'Client 1 cannot be asked "ready?": it does not speak jamsocket.v1, as jamsocket-client does.',
  });
  // What only looks like an answer is text.
  const text = '{"jamsocket":"answer","id":"x","data":1}';
  client.send(text);
  expect(await client.nextText()).toBe(`heard ${text}`);
  await client.close();
});

it('a client that resumes gets the request that it has missed, and its answer arrives', async () => {
  const first = await ResumingClient.connect(`${started.ws}/ws/asking/d`);
  first.send('{"event":"meet","id":1}');
  expect(await first.next()).toBe('{"event":"meet","data":1,"id":1}');
  await first.cut();
  await rooms.invoke(AskingRoom, 'd', 'outsideOfATurn', 60_000);
  await first.resume();
  first.confirm();
  const { id, ...request } = JSON.parse(await first.next());
  expect(request).toEqual({ jamsocket: 'request', event: 'slow', data: 1 });
  first.send('{"jamsocket":"answer","id":"made up","data":"forged"}');
  first.send('{"jamsocket":"answer",');
  first.send(JSON.stringify({ jamsocket: 'answer', id, data: 'after all' }));
  expect(await first.next()).toBe('{"event":"outcome","data":"after all"}');
  await rooms.invoke(AskingRoom, 'd', 'outsideOfATurn', 60_000);
  const { id: next } = JSON.parse(await first.next());
  first.send(JSON.stringify({ jamsocket: 'answer', id: next, error: { toString: 5 } }));
  expect(await first.next()).toBe('{"event":"outcome","data":"refused"}');
  await first.connection.close();
});
