import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AppModule } from '../src/app.module';
import { Journal } from '../src/journal';
import { refusal, TextClient } from './text-client';

describe('Rooms in a Nest 11 CommonJS app', () => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace(/^http/, 'ws');
  });

  afterEach(() => app.close());

  it('broadcast a message to everyone in its room and to no other room', async () => {
    const ann = await TextClient.connect(`${url}/ws/lobby`);
    expect(await ann.next()).toBe('client1 has joined lobby');
    const bob = await TextClient.connect(`${url}/ws/lobby`);
    expect(await ann.next()).toBe('client2 has joined lobby');
    expect(await bob.next()).toBe('client2 has joined lobby');
    const stranger = await TextClient.connect(`${url}/ws/elsewhere`);
    expect(await stranger.next()).toBe('client1 has joined elsewhere');

    bob.send('hello');
    expect(await ann.next()).toBe('client2: hello');
    expect(await bob.next()).toBe('client2: hello');
    await expect(stranger.next(100)).rejects.toThrow('no message');
  });

  it('answer an event with the id it came with', async () => {
    const client = await joined(`${url}/ws/lobby`);
    client.send({ event: 'add', data: { a: 1, b: 2 }, id: 7 });
    expect(await client.nextJson()).toEqual({ event: 'sum', data: 3, id: 7 });
  });

  it('tell the client of a WsException in an exception event', async () => {
    const client = await joined(`${url}/ws/lobby`);
    client.send({ event: 'fail' });
    expect(await client.nextJson()).toMatchObject({
      event: 'exception',
      data: { status: 'error', message: 'as told' },
    });
  });

  it('tell the client of a guard that blocked its message, and do not run the handler', async () => {
    const client = await joined(`${url}/ws/lobby`);
    client.send({ event: 'forbidden' });
    expect(await client.nextJson()).toMatchObject({ event: 'exception', data: { status: 'error' } });
    expect(app.get(Journal).entries).toEqual([]);
  });

  it('refuse a connect with 401 where a guard throws UnauthorizedException', async () => {
    expect(await refusal(`${url}/ws/members/club`)).toMatchObject({ status: 401 });
    const member = await TextClient.connect(`${url}/ws/members/club?token=secret`);
    expect(await member.next()).toBe('welcome ann');
  });

  it('close their clients with 1012 and stop before the providers of the app do', async () => {
    const journal = app.get(Journal);
    const client = await joined(`${url}/ws/lobby`);
    const [code] = await Promise.all([client.closed(), app.close()]);
    expect(code).toBe(1012);
    expect(journal.entries).toEqual(['client1 disconnected', 'room destroyed', 'journal destroyed']);
  });

  async function joined(roomUrl: string): Promise<TextClient> {
    const client = await TextClient.connect(roomUrl);
    await client.next();
    return client;
  }
});
