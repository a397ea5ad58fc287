import { UnauthorizedException, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { joinRoom, type RoomOptions } from 'jamsocket-client';
import {
  JamsocketService,
  OnAuth,
  OnConnect,
  OnMessage,
  type Admitted,
  type Client,
  type ClientRequest,
} from 'nestjs-jamsocket';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const TOKEN = "ü /(='*)%";
const ENTRY = "jamsocket.token.%C3%BC%20%2F%28%3D'*%29%25";
const JWT = 'eyJh.eyJzdWIi-_.sig';

const knocks: ClientRequest[] = [];

class Doorman implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { request } = context.switchToWs().getClient<Client>();
    knocks.push(request);
    if (request.query.has('put')) context.switchToHttp().getRequest<{ token: string }>().token = 'put there';
    if (request.query.has('fail')) throw new Error('the database is down');
    if (request.token === undefined) throw new UnauthorizedException();
    return true;
  }
}

@JamsocketService()
class GuardedRoom {
  @UseGuards(Doorman)
  @OnConnect()
  connect() {}

  @OnMessage('token')
  token(client: Client) {
    return client.request.token;
  }

  /** Real time: a client is asked 30 s before its authentication ends. */
  @OnMessage('expire')
  expire(client: Client, ms: number) {
    client.setAuth({ expiresAt: new Date(Date.now() + ms) });
    return ms;
  }

  @OnAuth()
  renewed(client: Client, _ctx: unknown, admitted: Admitted) {
    client.setAuth({ user: admitted.request.token });
    client.emit('renewed', [client.request.token, knocks.length]);
  }
}

@JamsocketService({ path: 'listed', subprotocols: ['chat.v1'] })
class ListedRoom extends GuardedRoom {}

/** What the server answers an upgrade with these subprotocols, whole. */
async function knock(url: string, protocols: string[], headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = httpRequest(url.replace('ws:', 'http:'), {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol': protocols.join(', '),
      ...headers,
    },
  });
  request.end();
  const answer = await Promise.race([once(request, 'upgrade'), once(request, 'response')]);
  const [response] = answer as [IncomingMessage];
  response.socket.destroy();
  return response;
}

describe('a token', () => {
  let started: TestApp;
  let printed: string[];
  let lobby: string;

  beforeAll(async () => {
    printed = [];
    const log = (...parts: unknown[]) => void printed.push(parts.map(String).join(' '));
    started = await startTestApp({
      providers: [GuardedRoom, ListedRoom],
      configure: (app) => app.useLogger({ log, error: log, warn: log }),
    });
    lobby = `${started.ws}/ws/lobby`;
  });
  afterAll(() => started.close());
  beforeEach(() => {
    knocks.length = 0;
  });

  it.each<[string, string, Record<string, string>, string[], string | undefined]>([
    ['the query', '?token=a%26b', {}, ['x'], 'a&b'],
    ['an Authorization header, before the query', '?token=b', { Authorization: 'bearer a' }, ['x'], 'a'],
    ['a subprotocol entry, before both', '?token=b', { Authorization: 'Bearer c' }, ['x', ENTRY], TOKEN],
    ['a JWT, as it is', '', {}, ['jamsocket.v1', `jamsocket.token.${JWT}`], JWT],
    ['nothing', '?token=', { Authorization: 'Basic YTpi' }, ['x'], undefined],
  ])('is found by guards in one place, from %s', async (_from, query, headers, protocols, token) => {
    await knock(lobby + query, protocols, headers);
    expect(knocks.map((request) => request.token)).toEqual([token]);
  });

  it('of a subprotocol entry is a bearer token to libraries for HTTP, and is nowhere else', async () => {
    const { headers } = await knock(`${lobby}?fail`, ['jamsocket.plain', ENTRY, 'chat.v1']);
    expect(headers).not.toHaveProperty('sec-websocket-protocol');
    const [{ headers: seen, url }] = knocks;
    expect(seen.authorization).toBe(`Bearer ${TOKEN}`);
    expect([seen['sec-websocket-protocol'], url]).toEqual(['jamsocket.plain, chat.v1', '/ws/lobby?fail']);
    // It is logged where the room is, which may be another process than the one that answers.
    const failure = 'Connecting to /ws/lobby failed: the database is down';
    while (!printed.some((line) => line.includes(failure))) await new Promise(setImmediate);
    expect(printed.join('\n')).not.toMatch(/jamsocket\.token|%C3%BC/);
  });

  it.each([
    [['jamsocket.v1', ENTRY], 'jamsocket.v1'],
    [[ENTRY, 'jamsocket.plain'], 'jamsocket.plain'],
    [[ENTRY, 'chat.v1', 'jamsocket.plain'], 'chat.v1'],
  ])('is never what the server agrees to: of %j it agrees to %s', async (protocols, agreed) => {
    for (const url of [lobby, `${started.ws}/ws/listed/lobby`])
      expect((await knock(url, protocols)).headers['sec-websocket-protocol']).toBe(agreed);
  });

  it.each([
    ['is no percent-encoding', ['x', 'jamsocket.token.%zz']],
    ['would break a header', ['x', 'jamsocket.token.a%0D%0AX-Forged%3A%20b']],
    ['is empty', ['x', 'jamsocket.token.']],
    ['is there twice', ['x', 'jamsocket.token.a', 'jamsocket.token.b']],
    ['is all that is offered', [ENTRY]],
  ])('that %s is refused, and no guard asked', async (_what, protocols) => {
    const headers = { 'Sec-WebSocket-Protocol': protocols.join(', ') };
    const refused = await TestClient.refused(lobby, { headers });
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_handshake' } });
    expect(JSON.stringify(refused)).not.toMatch(/%zz|Forged/);
    expect(knocks).toEqual([]);
  });

  it('may be put on the upgrade request by a guard, as libraries for HTTP do', async () => {
    const room = joinRoom(lobby, { WebSocket, query: { put: 1 }, token: () => TOKEN });
    expect(await room.request('token')).toBe('put there');
    room.close();
  });

  it.each<RoomOptions>([
    {},
    { tokenIn: 'query' },
    { tokenIn: 'subprotocol' },
    { tokenIn: 'subprotocol', resume: false },
  ])('of jamsocket-client arrives, with %j', async (options) => {
    for (const url of [lobby, `${started.ws}/ws/listed/lobby`]) {
      const room = joinRoom(url, { WebSocket, token: () => TOKEN, ...options });
      expect(await room.request('token')).toBe(TOKEN);
      room.close();
    }
    const isInUrl = options.tokenIn !== 'subprotocol';
    expect(knocks.map(({ query }) => query.has('token'))).toEqual([isInUrl, isInUrl]);
  });

  it.each<RoomOptions['tokenIn']>(['query', 'subprotocol'])(
    'of jamsocket-client is renewed over its open connection, where tokens are in the %s',
    async (tokenIn) => {
      let count = 0;
      const room = joinRoom(lobby, { WebSocket, tokenIn, token: () => `(token ${++count})` });
      const renewed = new Promise((resolve) => room.on('renewed', resolve));
      await room.request('expire', 30_010);
      expect(await renewed).toEqual(['(token 2)', 2]);
      expect(await room.request('token')).toBe('(token 2)');
      expect(room.connection).toMatchObject({ status: 'open', resumed: false });
      room.close();
    },
  );

  it('that has ended closes the client of jamsocket-client, which does not come back', async () => {
    const room = joinRoom(lobby, { WebSocket, token: () => TOKEN });
    const closed = new Promise((resolve) => room.onStatus((state) => state.status === 'closed' && resolve(state)));
    // Not later: a client that has time left is asked for a token, and stays.
    room.emit('expire', 0);
    expect(await closed).toMatchObject({ code: 4401, reason: 'auth_expired', cause: 'ended' });
    expect(knocks).toHaveLength(1);
  });
});
