import { describe, expect, it, jest } from '@jest/globals';
import { defineContract, joinRoom, type RequestOptions } from 'jamsocket-client';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { join, startServer } from './support/fixture.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('a request', () => {
  it('gets the reply that has its id, whatever its event', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const [first, second] = [room.request('nick', { name: 'a' }), room.request('nick', { name: 'b' })];
    const [a, b] = [await connection.nextJson(), await connection.nextJson()];
    expect(a).toEqual({ event: 'nick', data: { name: 'a' }, id: expect.any(String) });
    connection.send(JSON.stringify({ event: 'other', data: 'for b', id: b.id }));
    connection.send(JSON.stringify({ event: 'nick', data: 'for a', id: a.id }));
    expect(await first).toBe('for a');
    expect(await second).toBe('for b');
  });

  it('is rejected with the exception that has its id, and the issues of the schema', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const request = room.request('nick', 1);
    const { id } = await connection.nextJson();
    const issues = [{ path: ['name'], message: 'a string' }];
    const data = { status: 'error', code: 'invalid', message: 'not valid', issues };
    connection.send(JSON.stringify({ event: 'exception', data, id }));
    await expect(request).rejects.toMatchObject({
      name: 'RoomError',
      code: 'exception',
      message: 'not valid',
      issues: data.issues,
      exception: data,
    });
  });

  it('has an id that nobody can guess, and what only looks like its reply is text', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const requests = [room.request('nick'), room.request('nick'), room.request('nick')];
    const ids: string[] = [];
    while (ids.length < requests.length) ids.push((await connection.nextJson()).id);
    for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(16);
    const starts = new Set(ids.map((id) => id.slice(0, 8)));
    const ends = new Set(ids.map((id) => id.slice(-4)));
    expect([starts.size, ends.size]).toEqual([3, 3]);
    const texts: string[] = [];
    room.onText((text) => texts.push(text));
    const forged = ['~1', '~2', 1, null, ids[0].slice(1), 'constructor'].map((id) =>
      JSON.stringify({ event: 'nick', data: 'forged', id }),
    );
    for (const text of forged) connection.send(text);
    for (const id of ids) connection.send(JSON.stringify({ event: 'nick', data: id, id }));
    expect(await Promise.all(requests)).toEqual(ids);
    expect(texts).toEqual(forged);
  });

  it('waits for its whole time, however long, and refuses an invalid time', async () => {
    jest.useFakeTimers();
    try {
      const room = join('ws://127.0.0.1:1/', { autoConnect: false, requestTimeoutMs: 30 * DAY_MS });
      const outcomes: unknown[] = [];
      const ask = (options?: RequestOptions) => room.request('a', 0, options).catch((error) => outcomes.push(error));
      void ask({ timeoutMs: Infinity });
      void ask({ timeoutMs: undefined });
      await jest.advanceTimersByTimeAsync(30 * DAY_MS - 1);
      expect(outcomes).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(outcomes).toEqual([expect.objectContaining({ code: 'timeout' })]);
      await jest.advanceTimersByTimeAsync(60 * DAY_MS);
      expect(outcomes).toHaveLength(1);
      for (const timeoutMs of [NaN, -1, '5' as unknown as number, null as unknown as number])
        await expect(room.request('a', 0, { timeoutMs })).rejects.toThrow(
          `timeoutMs is ${timeoutMs}: it must be a number`,
        );
      room.close();
      expect(room.connection).toMatchObject({ unsent: 1 });
    } finally {
      jest.useRealTimers();
    }
  });

  it('times out, and no listener gets a reply after that', async () => {
    const server = await startServer();
    const room = join(server.url, { requestTimeoutMs: 20 });
    const connection = await server.welcomed();
    const texts = jest.fn();
    room.onText(texts);
    room.on('nick', texts);
    await expect(room.request('nick')).rejects.toMatchObject({ code: 'timeout' });
    const { id } = await connection.nextJson();
    connection.send(JSON.stringify({ event: 'nick', data: 'late', id }));
    connection.send('after');
    await new Promise((resolve) => room.onText(resolve));
    expect(texts.mock.calls).toEqual([['after']]);
  });

  it('is not sent any more if it has timed out or was aborted before it could be', async () => {
    const server = await startServer();
    const room = join(server.url, { autoConnect: false });
    const controller = new AbortController();
    const aborted = room.request('b', 0, { signal: controller.signal });
    controller.abort();
    await expect(room.request('a', 0, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    await expect(room.request('c', 0, { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
    room.send('d');
    room.connect();
    expect(await (await server.welcomed()).next()).toBe('d');
  });

  it('outlives a connection that is resumed', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    const request = room.request('nick');
    const { id } = await first.nextJson();
    first.cut();
    const second = await server.welcomed({ resumed: true, received: 1 });
    second.send(JSON.stringify({ event: 'nick', data: 'after all', id }));
    expect(await request).toBe('after all');
  });

  it('is lost with the place in the room, unless it had not been sent', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    const sent = room.request('sent');
    sent.catch(() => undefined);
    await first.next();
    first.cut();
    await room.until('reconnecting');
    const waiting = room.request('waiting');
    const second = await server.welcomed({ client: 2, lost: 'unknown' });
    await expect(sent).rejects.toMatchObject({ code: 'connection_lost' });
    const { event, id } = await second.nextJson();
    expect(event).toBe('waiting');
    second.send(JSON.stringify({ event, data: 1, id }));
    expect(await waiting).toBe(1);
  });

  it('is lost at once with a connection that cannot be resumed, and with the room', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed({ windowMs: 0 });
    const lost = room.request('a');
    lost.catch(() => undefined);
    await first.next();
    first.cut();
    await expect(lost).rejects.toMatchObject({ code: 'connection_lost' });
    const closed = room.request('b');
    room.close();
    await expect(closed).rejects.toMatchObject({ code: 'closed' });
    await expect(room.request('c')).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('events', () => {
  it('go to those who listen, and are text for the others', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const heard: unknown[] = [];
    const stop = room.on('move', (data) => heard.push(data));
    room.on('exception', ({ message }) => heard.push(message));
    room.onText((text) => heard.push(text));
    room.onBinary((bytes) => heard.push(bytes));
    connection.send('{"event":"move","data":{"x":1}}');
    connection.send('{"event":"exception","data":{"status":"error","message":"no"}}');
    connection.send('{"event":"constructor","data":1}');
    connection.send('{"event":7}');
    connection.send('{ broken');
    connection.send(new Uint8Array([1, 2]));
    await new Promise((resolve) => room.onBinary(resolve));
    stop();
    connection.send('{"event":"move","data":2}');
    await new Promise((resolve) => room.onText(resolve));
    expect(heard).toEqual([
      { x: 1 },
      'no',
      '{"event":"constructor","data":1}',
      '{"event":7}',
      '{ broken',
      new Uint8Array([1, 2]),
      '{"event":"move","data":2}',
    ]);
  });

  it('reach every listener and are counted, whatever one of them throws', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const reported: unknown[] = [];
    const scope = globalThis as { reportError?: (error: unknown) => void };
    scope.reportError = (error) => reported.push(error);
    try {
      const error = new Error('of the listener');
      room.on('move', () => {
        throw error;
      });
      const heard = new Promise((resolve) => room.on('move', resolve));
      connection.send('{"event":"move","data":1}');
      expect(await heard).toBe(1);
      expect(reported).toEqual([error]);
    } finally {
      delete scope.reportError;
    }
    connection.cut();
    expect((await server.connection()).offered[2]).toBe('jamsocket.resume.token.1');
  });
});

describe('a contract that is checked', () => {
  const contract = defineContract({
    messages: { nick: { data: z.object({ name: z.string() }), reply: z.string() }, constructor: z.number() },
    events: { joined: z.object({ id: z.number() }) },
  });

  it('refuses what does not fit its schemas, going out and coming in', async () => {
    const server = await startServer();
    const room = joinRoom(server.url, { WebSocket, contract, validate: true });
    const connection = await server.welcomed();
    const invalid = { code: 'invalid', issues: [{ message: expect.any(String), path: ['name'] }] };
    expect(() => room.emit('nick', { name: 1 as unknown as string })).toThrow(expect.objectContaining(invalid));
    const request = room.request('nick', { name: 'a' });
    request.catch(() => undefined);
    const { id } = await connection.nextJson();
    connection.send(JSON.stringify({ event: 'nick', data: 7, id }));
    await expect(request).rejects.toMatchObject({ code: 'invalid' });
    const heard: unknown[] = [];
    const reported: unknown[] = [];
    const scope = globalThis as { reportError?: (error: unknown) => void };
    scope.reportError = (error) => reported.push(error);
    room.on('joined', (data) => heard.push(data));
    connection.send('{"event":"joined","data":{}}');
    connection.send('{"event":"joined","data":{"id":1}}');
    connection.send('end');
    await new Promise((resolve) => room.onText(resolve));
    delete scope.reportError;
    expect(heard).toEqual([{ id: 1 }]);
    expect(reported).toMatchObject([{ code: 'invalid' }]);
    room.close();
  });
});
