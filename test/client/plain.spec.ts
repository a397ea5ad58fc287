import { describe, expect, it } from '@jest/globals';
import { join, startServer } from './support/fixture.js';

describe('a server that does not speak jamsocket.v1', () => {
  it('is heard and spoken to all the same, and connected to again', async () => {
    // As `ws` does, and Nest's adapter with it: the first that is offered.
    const server = await startServer({ select: (offered) => [...offered][0] });
    const room = join(server.url);
    room.send('hello');
    const first = await server.connection();
    expect(await first.next()).toBe('hello');
    expect(await room.until('open')).toMatchObject({ clientId: undefined, resumable: false });
    first.send('{"jamsocket":"looks like it"}');
    expect(await new Promise((resolve) => room.onText(resolve))).toBe('{"jamsocket":"looks like it"}');
    first.cut();
    await room.until('reconnecting');
    room.send('waited');
    expect(await (await server.connection()).next()).toBe('waited');
    expect(await room.until('open')).toMatchObject({ resumed: false, unconfirmed: undefined });
  });

  it('is asked for the protocol twice where it takes no subprotocols, then without, and then once more', async () => {
    const server = await startServer({ select: () => false });
    const room = join(server.url);
    const offers = [];
    for (let count = 0; count < 4; count++) offers.push((await server.connection()).offered.length);
    expect(offers).toEqual([2, 2, 1, 2]);
    const plain = await server.connection();
    expect(plain.offered).toEqual(['']);
    await room.until('open');
    plain.cut();
    expect((await server.connection()).offered).toHaveLength(2);
    expect((await server.connection()).offered).toEqual(['']);
  });

  it('is offered the protocol again on later connections, since it may have been the network that failed', async () => {
    let isFlaky = true;
    const server = await startServer({ select: () => (isFlaky ? false : 'jamsocket.v1') });
    const room = join(server.url);
    for (const offers of [2, 2, 1, 2, 1]) expect((await server.connection()).offered).toHaveLength(offers);
    expect(await room.until('open')).toMatchObject({ resumable: false });
    isFlaky = false;
    for (const socket of server.sockets.clients) socket.terminate();
    await server.welcomed();
    expect(await room.until('open')).toMatchObject({ resumable: true });
  });

  it('is not taken for one because there was no token', async () => {
    const server = await startServer();
    let count = 0;
    const token = () => (++count < 4 ? Promise.reject(new Error('no session')) : 'token');
    server.refusal = { status: 502 };
    const room = join(server.url, { token });
    for (let failure = 1; failure <= 4; failure++) await room.until('reconnecting');
    server.refusal = undefined;
    expect((await server.connection()).offered).toHaveLength(2);
    expect(count).toBe(5);
  });

  it('is never guessed to be one where it has to read the token among the subprotocols', async () => {
    const server = await startServer({ select: () => false });
    join(server.url, { token: () => 'abc', tokenIn: 'subprotocol' });
    for (let count = 0; count < 4; count++) expect((await server.connection()).offered[2]).toBe('jamsocket.token.abc');
  });

  it('is not taken for one because it was down for a while', async () => {
    const server = await startServer({ select: (offered) => (offered.has('jamsocket.v1') ? 'jamsocket.v1' : false) });
    server.refusal = { status: 502 };
    const room = join(server.url, { backoff: { minMs: 1, maxMs: 1, random: () => 0.999 } });
    await room.until('reconnecting');
    await room.until('reconnecting');
    server.refusal = undefined;
    const guess = await server.connection();
    expect(guess.offered).toEqual(['']);
    expect((await guess.closed).code).toBe(1000);
    await server.welcomed();
    expect(await room.until('open')).toMatchObject({ resumable: true });
  });

  it('is not asked if the client does not want to', async () => {
    const server = await startServer();
    const room = join(server.url, { resume: false });
    expect((await server.connection()).offered).toEqual(['']);
    expect(await room.until('open')).toMatchObject({ resumable: false });
  });
});
