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
    expect((await server.connection()).offered).toEqual(['']);
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
