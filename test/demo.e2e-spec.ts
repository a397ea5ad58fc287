import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { startDemo } from './support/demo-app.js';
import { TestClient } from './support/test-client.js';

describe('the demo', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(() => demo.close());

  const enter = (path: string) => TestClient.connect(demo.ws + path);

  it('chat: names, nicknames, messages and farewells', async () => {
    const ann = await enter('/ws/lobby');
    expect(await ann.nextText()).toBe('Welcome to the chat! Your name is client1. Send /nick <username> to change it.');
    expect(await ann.nextText()).toBe('client1 has joined the chat');
    const bob = await enter('/ws/lobby');
    expect(await bob.nextText()).toBe('Welcome to the chat! Your name is client2. Send /nick <username> to change it.');
    expect(await bob.nextText()).toBe('client2 has joined the chat');
    expect(await ann.nextText()).toBe('client2 has joined the chat');

    bob.send('/nick bob');
    bob.send('hello there');
    for (const client of [ann, bob]) {
      expect(await client.nextText()).toBe('client2 is now known as bob');
      expect(await client.nextText()).toBe('bob: hello there');
    }
    bob.send('/nick  ');
    bob.send('/nickname');
    expect(await ann.nextText()).toBe('bob: /nickname');
    await bob.close();
    expect(await ann.nextText()).toBe('bob has left the chat');
    await ann.close();
  });

  it('counter: counts up and down, and ignores the rest', async () => {
    const ann = await enter('/ws/counter/one');
    const bob = await enter('/ws/counter/one');
    const other = await enter('/ws/counter/other');
    for (const client of [ann, bob, other]) expect(await client.nextText()).toBe('new value: 0');
    for (const text of ['increment', 'reset', 'increment', 'decrement']) ann.send(text);
    for (const client of [ann, bob]) {
      expect(await client.nextText()).toBe('new value: 1');
      expect(await client.nextText()).toBe('new value: 2');
      expect(await client.nextText()).toBe('new value: 1');
    }
    other.send('decrement');
    expect(await other.nextText()).toBe('new value: -1');
    await Promise.all([ann, bob, other].map((client) => client.close()));
  });

  it('ledger: adds up, tells everyone, and answers other texts to the sender alone', async () => {
    const ann = await enter('/ws/ledger/one');
    const bob = await enter('/ws/ledger/one');
    for (const text of ['add tea 3', 'add tea', 'add refund -5']) ann.send(text);
    expect(await ann.nextText()).toBe('added tea 3 by 1 #1 total 3');
    expect(await ann.nextText()).toBe('use: add <id> <n>');
    expect(await ann.nextText()).toBe('added refund -5 by 1 #2 total -2');
    expect(await bob.nextText()).toBe('added tea 3 by 1 #1 total 3');
    expect(await bob.nextText()).toBe('added refund -5 by 1 #2 total -2');
    await Promise.all([ann, bob].map((client) => client.close()));
  });

  it('relay: text and bytes to everyone, unchanged', async () => {
    const ann = await enter('/ws/relay/one');
    const bob = await enter('/ws/relay/one');
    ann.send('{"any": text}');
    ann.send(Buffer.from([0, 255, 128]));
    for (const client of [ann, bob]) {
      expect(await client.next()).toBe('{"any": text}');
      expect(await client.next()).toEqual(Buffer.from([0, 255, 128]));
    }
    await Promise.all([ann, bob].map((client) => client.close()));
  });

  it('echo: text and bytes to the sender alone', async () => {
    const ann = await enter('/ws/echo/one');
    const bob = await enter('/ws/echo/one');
    ann.send('to ann');
    ann.send(Buffer.from([1, 2, 3]));
    expect(await ann.next()).toBe('to ann');
    expect(await ann.next()).toEqual(Buffer.from([1, 2, 3]));
    bob.send('to bob');
    expect(await bob.next()).toBe('to bob');
    await Promise.all([ann, bob].map((client) => client.close()));
  });

  it('clock: ticks every second', async () => {
    const ann = await enter('/ws/clock/tower');
    const startedAt = Date.now();
    expect(await ann.nextText()).toBe('Here in room tower from timer @ 1');
    const firstAt = Date.now();
    expect(await ann.nextText()).toBe('Here in room tower from timer @ 2');
    expect(Date.now() - firstAt).toBeGreaterThan(500);
    expect(firstAt - startedAt).toBeGreaterThan(500);
    await ann.close();
  });

  it('cursors: everyone but the sender hears of it', async () => {
    const ann = await enter('/ws/cursors/board');
    const bob = await enter('/ws/cursors/board');
    expect(await ann.nextJson()).toEqual({ event: 'joined', data: { id: 2 } });
    bob.emit('move', { x: 1, y: 0.5 });
    ann.emit('move', { x: 2, y: 3 });
    expect(await ann.nextJson()).toEqual({ event: 'move', data: { id: 2, x: 1, y: 0.5 } });
    expect(await bob.nextJson()).toEqual({ event: 'move', data: { id: 1, x: 2, y: 3 } });

    bob.emit('move', { x: 'left', y: 1 }, 7);
    expect(await bob.nextJson()).toMatchObject({
      event: 'exception',
      id: 7,
      data: { status: 'error', issues: [{ path: ['x'] }] },
    });
    await bob.close();
    expect(await ann.nextJson()).toEqual({ event: 'left', data: { id: 2 } });
    await ann.close();
  });

  it.each([
    ['no token', '', {}],
    ['an unknown token', '?token=eve-token', {}],
    ['an unknown token in the header', '', { Authorization: 'Bearer eve-token' }],
  ])('members: %s is refused with 401', async (_what, query, headers) => {
    const { status, body } = await TestClient.refused(`${demo.ws}/ws/members/club${query}`, { headers });
    expect(status).toBe(401);
    expect(body).toMatchObject({ statusCode: 401, message: 'This room is for members: connect with a valid token.' });
  });

  it('members: a token of the query or of the header opens the door', async () => {
    const alice = await enter('/ws/members/club?token=alice-token');
    expect(await alice.nextText()).toBe('Alice is here');
    const bob = await TestClient.connect(`${demo.ws}/ws/members/club`, {
      headers: { Authorization: 'Bearer bob-token' },
    });
    expect(await alice.nextText()).toBe('Bob is here');
    bob.send('hello');
    expect(await alice.nextText()).toBe('Bob: hello');
    await bob.close();
    expect(await alice.nextText()).toBe('Bob has gone');
    await alice.close();
  });

  it('GET /status is ok', async () => {
    const { status, text } = await request(demo.http).get('/status');
    expect([status, text]).toEqual([200, 'ok']);
  });

  it('POST makes rooms: with a new id, of a service by name, and with an id once', async () => {
    const api = request(demo.http);
    const chat = await api.post('/new_room');
    expect(chat.status).toBe(201);
    const counter = await api.post('/new_room/counter');
    expect(counter.text).not.toBe(chat.text);
    const client = await enter(`/ws/counter/${counter.text}`);
    expect(await client.nextText()).toBe('new value: 0');
    await client.close();

    const made = await api.post('/ws/meeting');
    expect([made.status, made.text]).toEqual([201, 'meeting']);
    expect((await api.post('/ws/meeting')).status).toBe(409);
  });
});
