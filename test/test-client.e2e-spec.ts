import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { JamsocketModule } from 'nestjs-jamsocket';
import { TestClient } from 'nestjs-jamsocket/testing';
import { EchoRoom } from '../src/rooms/echo.room.js';
import { MembersGuard } from '../src/rooms/members.guard.js';
import { MembersRoom } from '../src/rooms/members.room.js';
import { startTestApp, type TestApp } from './support/test-app.js';

describe('A TestClient over a real socket', () => {
  let started: TestApp;
  beforeAll(async () => {
    started = await startTestApp({ providers: [EchoRoom, MembersRoom, MembersGuard] });
  });
  afterAll(() => started.close());

  const echo = (patienceMs?: number) => TestClient.connect(started.app, '/ws/echo/one', { patienceMs });

  it('connects to an application that listens, with headers, query and subprotocols', async () => {
    const ann = await TestClient.connect(started.app, '/ws/members/club', { query: { token: 'alice-token' } });
    expect(await ann.next()).toBe('Alice is here');
    const headers = { authorization: 'Bearer bob-token' };
    const bob = await TestClient.connect(started.app, '/ws/members/club', { headers, protocols: ['chat'] });
    expect(await bob.next()).toBe('Bob is here');
    await Promise.all([ann.close(), bob.close()]);
  });

  it('rejects with the status and the body of a refusal', async () => {
    const refused = await TestClient.refused(started.app, '/ws/members/club');
    expect(refused).toMatchObject({ status: 401, body: { code: 'guard' } });
    expect(refused.headers['content-type']).toMatch('application/json');
    await expect(TestClient.connect(started.ws, '/ws/members/club')).rejects.toThrow(
      '/ws/members/club was refused with 401: {',
    );
    await expect(TestClient.refused(started.app, '/ws/echo/one')).rejects.toThrow('/ws/echo/one was not refused.');
  });

  it('says what did arrive when next() waits in vain', async () => {
    const client = await echo(500);
    await expect(client.next()).rejects.toThrow('No message within 500 ms. Received so far: nothing.');
    client.send('one');
    expect(await client.next()).toBe('one');
    client.send('two');
    client.send(Buffer.from('three'));
    await expect(client.until('four')).rejects.toThrow(
      `No message "four" within 500 ms. Received so far: ['one', 'two', <Buffer 74 68 72 65 65>].`,
    );
    client.send('late');
    client.send('x'.repeat(10_000));
    await expect(client.until('y')).rejects.toThrow('... 9800 more characters');
    await expect(client.request('nobody', 1)).resolves.toMatchObject({ event: 'nobody', data: 1 });
    client.send('more');
    await client.close(3000, 'enough');
    expect(await client.next()).toBe('more');
    await expect(client.next()).rejects.toThrow('No message: the connection ended with 3000 "enough".');
  });

  it('reads text, bytes and JSON in order, and what is unread all at once', async () => {
    const client = await echo();
    client.send('text');
    client.send(Buffer.from([1, 2]));
    client.emit('event', { a: 1 }, 7);
    for (const last of ['a', 'b', 'c']) client.send(last);
    expect(await client.next()).toBe('text');
    expect(await client.next()).toEqual(Buffer.from([1, 2]));
    expect(await client.nextJson()).toEqual({ event: 'event', data: { a: 1 }, id: 7 });
    expect(await client.until((message) => message > 'a')).toBe('b');
    expect(await client.next()).toBe('c');
    expect(client.unread()).toEqual([]);
    expect(client.received).toHaveLength(6);
    expect(client.isClosed).toBe(false);
    expect(await client.drop()).toMatchObject({ code: 1006 });
    expect(client.isClosed).toBe(true);
  });

  it('asks for an application that listens', async () => {
    const module = await Test.createTestingModule({ imports: [JamsocketModule.forRoot()] }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    await expect(TestClient.connect(app, '/ws/one')).rejects.toThrow('await app.listen(0)');
    await app.close();
  });
});
