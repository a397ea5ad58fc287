import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Arrivals } from './support/fake-server.js';
import { join, startServer } from './support/fixture.js';

const HEARTBEAT = '{"jamsocket":"token"}';

describe('a connection that is dead', () => {
  it('is found by silence, and the client goes on where it was', async () => {
    const server = await startServer();
    const room = join(server.url, { heartbeatMs: 100 });
    const first = await server.welcomed({ heartbeatMs: 10_000 });
    room.send('1');
    expect(await first.take(2)).toEqual(['1', HEARTBEAT]);
    expect(await room.until('reconnecting')).toMatchObject({ attempt: 1, code: 1006, reason: 'no answer' });
    expect(await first.closed).toMatchObject({ code: 4408 });
    const second = await server.connection();
    expect(second.offered).toContain('jamsocket.resume.token.0');
    await second.welcome({ jamsocket: 'second', resumed: true, heartbeatMs: 10_000 });
    expect(await second.take(2)).toEqual(['1', '{"jamsocket":"second"}']);
  });

  it('is not one that answers, and the answer is kept from the room', async () => {
    const server = await startServer();
    const room = join(server.url, { heartbeatMs: 3_000 });
    const texts: string[] = [];
    room.onText((text) => texts.push(text));
    const connection = await server.welcomed({ heartbeatMs: 10_000 });
    await room.opened;
    for (let count = 0; count < 5; count++) {
      room.reconnectNow();
      expect(await connection.next()).toBe(HEARTBEAT);
      connection.acknowledge(0);
      connection.send(String(count));
      await room.untilText();
    }
    expect(texts).toEqual(['0', '1', '2', '3', '4']);
    connection.cut();
    expect((await server.connection()).offered).toContain('jamsocket.resume.token.5');
  });

  it('is not one whose server beats, and empty messages of the room are told from the beats', async () => {
    const server = await startServer();
    const room = join(server.url);
    const texts: string[] = [];
    room.onText((text) => texts.push(text));
    const connection = await server.welcomed({ heartbeatMs: 10_000, beatMs: 9_000 });
    await room.opened;
    const announce = () => connection.send('{"jamsocket":"token","handled":0,"beats":true}');
    const send = (...frames: (string | Uint8Array)[]) => frames.forEach((frame) => connection.send(frame));
    connection.acknowledge(0);
    send('', 'first');
    announce();
    send('', '');
    connection.acknowledge(0);
    send('', 'second');
    announce();
    send('', 'third', '');
    announce();
    send(new Uint8Array(), '', 'last');
    while (texts.length < 8) await room.untilText();
    expect(texts).toEqual(['', 'first', '', 'second', 'third', '', '', 'last']);
    announce();
    send('');
    connection.cut();
    const second = await server.connection();
    // With the bytes that have no listener.
    expect(second.offered).toContain('jamsocket.resume.token.9');
    await second.welcome({ jamsocket: 'second', resumed: true, heartbeatMs: 10_000, beatMs: 9_000 });
    second.send('');
    while (texts.length < 9) await room.untilText();
    expect(texts.at(-1)).toBe('');
    expect(connection.hasNothingMore).toBe(true);
  });

  it('is found when a request has no reply in time', async () => {
    const server = await startServer();
    const room = join(server.url, { heartbeatMs: Infinity });
    const connection = await server.welcomed({ heartbeatMs: 10_000 });
    const request = room.request('ask', 1, { timeoutMs: 20 });
    await expect(request).rejects.toMatchObject({ code: 'timeout' });
    expect(await connection.nextJson()).toMatchObject({ event: 'ask' });
    expect(await connection.next()).toBe(HEARTBEAT);
  });

  it('is not looked for where the server would take a heartbeat for a message', async () => {
    const server = await startServer();
    const room = join(server.url, { heartbeatMs: 20 });
    const connection = await server.welcomed();
    await room.opened;
    room.reconnectNow();
    await expect(room.request('ask', 1, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' });
    room.reconnectNow();
    room.send('last');
    expect(await connection.nextJson()).toMatchObject({ event: 'ask' });
    expect(await connection.next()).toBe('last');
    expect(room.status).toBe('open');
  });
});

describe('in a page', () => {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const names = { document, addEventListener: 0, removeEventListener: 0 };
  let listeners: number;

  beforeEach(() => {
    listeners = 0;
    for (const target of [page, document]) {
      const { addEventListener, removeEventListener } = EventTarget.prototype;
      target.addEventListener = (...args) => (listeners++, addEventListener.apply(target, args));
      target.removeEventListener = (...args) => (listeners--, removeEventListener.apply(target, args));
    }
    names.addEventListener = page.addEventListener as never;
    names.removeEventListener = page.removeEventListener as never;
    for (const [name, value] of Object.entries(names))
      Object.defineProperty(globalThis, name, { value, configurable: true });
  });

  afterEach(() => {
    for (const name of Object.keys(names)) delete (globalThis as Record<string, unknown>)[name];
  });

  const happens = (type: string, part: object = {}) => page.dispatchEvent(Object.assign(new Event(type), part));

  it('asks whether the connection is alive when the page is seen again, goes on after a freeze, or is online', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed({ heartbeatMs: 10_000 });
    await room.opened;
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    room.send('hidden');
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(await connection.take(2)).toEqual(['hidden', HEARTBEAT]);
    for (const happen of [() => document.dispatchEvent(new Event('resume')), () => happens('online')]) {
      connection.acknowledge(0);
      connection.send('seen');
      await room.untilText();
      happen();
      expect(await connection.next()).toBe(HEARTBEAT);
    }
    room.close();
    expect(listeners).toBe(0);
  });

  it('dials at once when the page is seen again', async () => {
    const server = await startServer();
    const room = join(server.url, { backoff: { minMs: 3_600_000, maxMs: 3_600_000, random: () => 0.5 } });
    (await server.welcomed()).cut();
    await room.until('reconnecting');
    document.dispatchEvent(new Event('visibilitychange'));
    await server.welcomed({ resumed: true });
    expect(await room.until('open')).toMatchObject({ resumed: true });
  });

  it('gives the connection up when the page goes into the cache, and is back when the page is', async () => {
    const server = await startServer();
    let isCached = false;
    const dials: boolean[] = [];
    const room = join(server.url, { token: () => (dials.push(isCached), 'mine') });
    const first = await server.welcomed();
    await room.opened;
    isCached = true;
    happens('pagehide', { persisted: true });
    expect(room.connection).toMatchObject({ status: 'reconnecting', code: 1006, reason: 'page cached' });
    expect(await first.closed).toMatchObject({ code: 4408 });
    room.send('waits');
    room.reconnectNow();
    happens('online');
    await new Promise((resolve) => setTimeout(resolve));
    await new Promise(setImmediate);
    isCached = false;
    happens('pageshow', { persisted: true });
    const second = await server.connection();
    expect(second.offered).toContain('jamsocket.resume.token.0');
    await second.welcome({ resumed: true });
    expect(await second.next()).toBe('waits');
    expect(dials).toEqual([false, false]);
  });

  it('does not dial from the cache with a token that comes too late', async () => {
    const server = await startServer();
    const asked = new Arrivals<(token: string) => void>('question for a token');
    join(server.url, { token: () => new Promise((give) => asked.add(give)) });
    const give = await asked.next();
    happens('pagehide', { persisted: true });
    give('old');
    await new Promise((resolve) => setTimeout(resolve));
    happens('pageshow', { persisted: true });
    (await asked.next())('fresh');
    expect((await server.welcomed(), server.upgrades)).toBe(1);
  });

  it('leaves the connection alone when the page is hidden permanently, or shown for the first time', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    await room.opened;
    happens('pageshow', { persisted: false });
    happens('pagehide', { persisted: false });
    room.send('still here');
    expect(await connection.next()).toBe('still here');
    expect(room.status).toBe('open');
  });
});
