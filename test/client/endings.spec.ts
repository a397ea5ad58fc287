import { describe, expect, it } from '@jest/globals';
import { joinRoom } from 'jamsocket-client';
import { join, startServer } from './support/fixture.js';

describe('the end of a connection', () => {
  it.each([1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000, 4999])(
    'is the end of the room with code %i',
    async (code) => {
      const server = await startServer();
      const room = join(server.url);
      const connection = await server.welcomed();
      await room.opened;
      connection.close(code, 'bye');
      expect(await room.until('closed')).toMatchObject({ code, reason: 'bye', cause: 'ended' });
      await expect(room.opened).rejects.toMatchObject({ code: 'closed' });
      expect(server.upgrades).toBe(1);
    },
  );

  it.each([1001, 1011, 1012, 1013, 4408, 4429])('is followed by another attempt with code %i', async (code) => {
    const server = await startServer();
    const room = join(server.url);
    (await server.welcomed()).close(code);
    expect(await room.until('reconnecting')).toMatchObject({ code, attempt: 1 });
    expect((await server.connection()).offered[2]).toBe('jamsocket.resume.token.0');
  });

  it.each([4400, 4401, 4403, 4404, 4409])('refuses for good with code %i before the welcome', async (code) => {
    const server = await startServer();
    const room = join(server.url);
    (await server.connection()).close(code, '{"code":"unauthorized"}');
    expect(await room.until('closed')).toMatchObject({ code, reason: 'unauthorized', cause: 'refused' });
  });

  it('waits for as long as a refusal asks for', async () => {
    const server = await startServer();
    const room = join(server.url);
    (await server.connection()).close(1013, '{"code":"draining","retryAfter":2}');
    expect(await room.until('reconnecting')).toMatchObject({ code: 1013, reason: 'draining', inMs: 2_000 });
    room.reconnectNow();
    await server.welcomed();
    await room.until('open');
  });

  it('waits longer and longer while connections do not last', async () => {
    const server = await startServer();
    const room = join(server.url, { backoff: { minMs: 1, maxMs: 5, random: () => 0.999 } });
    const waits: number[] = [];
    for (let count = 0; count < 5; count++) {
      (await server.connection()).cut();
      const { attempt, inMs } = await room.until('reconnecting');
      expect(attempt).toBe(count + 1);
      waits.push(inMs);
    }
    expect(waits).toEqual([1, 2, 4, 5, 5]);
  });

  it('heeds status and Retry-After of an HTTP answer, where they can be seen', async () => {
    const server = await startServer();
    server.refusal = { status: 503, headers: { 'Retry-After': '3' } };
    const room = join(server.url);
    expect(await room.until('reconnecting')).toMatchObject({ code: 1013, reason: 'HTTP 503', inMs: 3_000 });
    server.refusal = { status: 401 };
    room.reconnectNow();
    expect(await room.until('closed')).toMatchObject({ code: 4401, reason: 'HTTP 401', cause: 'refused' });
  });

  it('takes an HTTP 400 for a request that was cut short, once the address has worked', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    await room.opened;
    server.refusal = { status: 400 };
    first.cut();
    await room.until('reconnecting');
    expect(await room.until('reconnecting')).toMatchObject({ code: 1006, reason: 'HTTP 400' });
    server.refusal = undefined;
    await server.welcomed({ resumed: true });
    await room.until('open');
    server.refusal = { status: 400 };
    expect(await join(server.url).until('closed')).toMatchObject({ code: 4400, cause: 'refused' });
  });

  it('connects again to a server that was not there', async () => {
    const server = await startServer();
    const { url } = server;
    await server.close();
    const room = join(url);
    expect(await room.until('reconnecting')).toMatchObject({ code: 1006 });
    room.close();
    expect(room.status).toBe('closed');
  });
});

describe('leaving', () => {
  it('closes properly, with a code and a reason', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    await room.opened;
    room.send('last words');
    room.close(4000, 'done');
    expect(room.state).toMatchObject({ status: 'closed', code: 4000, cause: 'left', unconfirmed: 1 });
    expect(await connection.next()).toBe('last words');
    expect(await connection.closed).toEqual({ code: 4000, reason: 'done' });
  });

  it('refuses codes and reasons that a close frame cannot have', () => {
    const room = join('ws://127.0.0.1:1/', { autoConnect: false });
    for (const code of [999, 1001, 2000, 5000])
      expect(() => room.close(code)).toThrow(expect.objectContaining({ code: 'bad_close' }));
    expect(() => room.close(1000, 'ä'.repeat(62))).toThrow(expect.objectContaining({ code: 'bad_close' }));
    expect(room.status).toBe('connecting');
  });

  it('ends the attempts to connect', async () => {
    const server = await startServer();
    server.refusal = { status: 503 };
    const room = join(server.url, { backoff: { random: () => 0.9 } });
    await room.until('reconnecting');
    room.close();
    room.reconnectNow();
    expect(await room.until('closed')).toMatchObject({ cause: 'left' });
    expect(server.upgrades).toBe(1);
  });

  it('is what an aborted signal does', async () => {
    const server = await startServer();
    const controller = new AbortController();
    const room = join(server.url, { signal: controller.signal });
    const connection = await server.welcomed();
    await room.opened;
    controller.abort();
    expect(room.status).toBe('closed');
    expect((await connection.closed).code).toBe(1000);
    expect(join(server.url, { signal: controller.signal }).status).toBe('closed');
    expect(server.upgrades).toBe(1);
  });
});

describe('dialling', () => {
  it('sends the query, and a fresh token each time', async () => {
    const server = await startServer();
    let count = 0;
    join(`${server.url.replace('ws', 'http')}?a=1`, { query: { b: 2 }, token: async () => `token${++count}` });
    const first = await server.welcomed();
    expect(Object.fromEntries(first.query)).toEqual({ a: '1', b: '2', token: 'token1' });
    first.cut();
    expect((await server.connection()).query.get('token')).toBe('token2');
  });

  it('takes a token that cannot be had for a failed attempt', async () => {
    const server = await startServer();
    let count = 0;
    const token = () => (++count === 1 ? Promise.reject(new Error('no session')) : 'later');
    const room = join(server.url, { token });
    expect(await room.until('reconnecting')).toMatchObject({ attempt: 1, reason: 'Error: no session' });
    expect((await server.welcomed()).query.get('token')).toBe('later');
  });

  it('says at once what cannot work', () => {
    expect(() => join('no url')).toThrow('Invalid URL');
    if (!('WebSocket' in globalThis)) expect(() => joinRoom('ws://127.0.0.1:1/')).toThrow(/No global WebSocket/);
  });
});
