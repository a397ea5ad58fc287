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
    server.refusal = undefined;
    room.reconnectNow();
    await server.welcomed();
    await room.until('open');
  });

  it.each([200, 302, 400, 401, 403, 404, 409, 418, 502])(
    'is no end if HTTP %i answers: a server of jamsocket.v1 refuses with a close frame',
    async (status) => {
      const server = await startServer();
      server.refusal = { status };
      const room = join(server.url);
      const code = status >= 400 && status < 500 ? 1006 : 1011;
      expect(await room.until('reconnecting')).toMatchObject({ code, reason: `HTTP ${status}` });
      server.refusal = undefined;
      const first = await server.welcomed();
      await room.until('open');
      server.refusal = { status };
      first.cut();
      await room.until('reconnecting');
      expect(await room.until('reconnecting')).toMatchObject({ code, reason: `HTTP ${status}` });
      server.refusal = undefined;
      await server.welcomed({ resumed: true });
      expect(await room.until('open')).toMatchObject({ resumed: true });
    },
  );

  it('is refused with HTTP where it wants no jamsocket.v1, unless its request was cut short or it has been in', async () => {
    const server = await startServer({ select: () => false });
    server.refusal = { status: 401 };
    const refused = join(server.url, { resume: false });
    expect(await refused.until('closed')).toMatchObject({ code: 4401, reason: 'HTTP 401', cause: 'refused' });
    server.refusal = { status: 400 };
    const room = join(server.url, { resume: false });
    expect(await room.until('reconnecting')).toMatchObject({ code: 1006, reason: 'HTTP 400' });
    server.refusal = undefined;
    const first = await server.connection();
    await room.until('open');
    server.refusal = { status: 404 };
    first.cut();
    await room.until('reconnecting');
    expect(await room.until('reconnecting')).toMatchObject({ code: 1006, reason: 'HTTP 404' });
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
    expect(room.connection).toMatchObject({ status: 'closed', code: 4000, cause: 'left', unconfirmed: 1 });
    expect(await connection.next()).toBe('last words');
    expect(await connection.closed).toEqual({ code: 4000, reason: 'done' });
  });

  it('refuses codes and reasons that a close frame cannot have', () => {
    const room = join('ws://127.0.0.1:1/', { autoConnect: false });
    for (const code of [999, 1001, 2000, 3000.5, 5000, NaN])
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

  it('gives up a token that does not come, and asks for it again', async () => {
    const server = await startServer();
    const tokens = [new Promise<string>(() => undefined), 'later'];
    const room = join(server.url, { token: () => tokens.shift()!, connectTimeoutMs: 50 });
    expect(await room.until('reconnecting')).toMatchObject({ attempt: 1, reason: 'Error: no token in time' });
    expect((await server.connection()).query.get('token')).toBe('later');
  });

  it('asks anew for a token that does not come when told to connect now, and forgets the one before', async () => {
    const server = await startServer();
    const give: ((token: string | undefined) => void)[] = [];
    const token = () => new Promise<string | undefined>((resolve) => give.push(resolve));
    const room = join(server.url, { token, connectTimeoutMs: Infinity });
    while (give.length < 1) await new Promise(setImmediate);
    room.reconnectNow();
    expect(give).toHaveLength(2);
    give[0]('first');
    give[1]('second');
    expect((await server.welcomed()).query.get('token')).toBe('second');
    await room.opened;
    room.reconnectNow();
    expect([give.length, server.upgrades]).toEqual([2, 1]);
  });

  it('ends while it waits for a token', async () => {
    const server = await startServer();
    const give: ((token: string) => void)[] = [];
    const room = join(server.url, { token: () => new Promise((resolve) => give.push(resolve)) });
    while (give.length < 1) await new Promise(setImmediate);
    room.close();
    give[0]('too late');
    room.reconnectNow();
    await new Promise(setImmediate);
    expect([room.status, give.length, server.upgrades]).toEqual(['closed', 1, 0]);
  });

  it('sends no token if there is none', async () => {
    const server = await startServer();
    join(server.url, { token: async () => undefined });
    expect((await server.welcomed()).query.has('token')).toBe(false);
  });

  it('sends the token in a subprotocol entry instead of the URL, if told so', async () => {
    const server = await startServer();
    const tokens = ['ey.J-w_~', "ü /(='*)%", undefined];
    join(server.url, { token: () => tokens.shift(), tokenIn: 'subprotocol' });
    const first = await server.welcomed();
    expect(first.request.url).toBe('/ws/lobby');
    expect(first.offered).toEqual(['jamsocket.plain', 'jamsocket.v1', 'jamsocket.token.ey.J-w_~']);
    first.cut();
    const second = await server.welcomed();
    expect(second.offered).toEqual([
      'jamsocket.plain',
      'jamsocket.v1',
      'jamsocket.resume.token.0',
      "jamsocket.token.%C3%BC%20%2F%28%3D'*%29%25",
    ]);
    second.cut();
    expect((await server.welcomed()).offered).toHaveLength(3);
    join(server.url, { token: () => 'abc', tokenIn: 'subprotocol', resume: false });
    expect((await server.connection()).offered).toEqual(['jamsocket.plain', 'jamsocket.token.abc']);
  });

  it('begins once, however often it is requested, and not after the end', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    await room.opened;
    room.connect();
    room.send('still there');
    expect(await connection.next()).toBe('still there');
    room.close();
    room.connect();
    expect((await connection.closed).code).toBe(1000);
    expect([room.status, server.upgrades]).toEqual(['closed', 1]);
  });

  it('says at once what cannot work', () => {
    expect(() => join('no url')).toThrow('Invalid URL');
    if (!('WebSocket' in globalThis)) expect(() => joinRoom('ws://127.0.0.1:1/')).toThrow(/No global WebSocket/);
  });
});
