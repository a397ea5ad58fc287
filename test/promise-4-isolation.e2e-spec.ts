import { Catch, Logger, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WsException } from '@nestjs/websockets';
import {
  JamsocketContext,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnDisconnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe.each(HOSTS)('an error harms nobody else, on $platform beside $beside', (host) => {
  const journal = new Journal();
  let started: TestApp;
  let logged: ReturnType<typeof jest.spyOn>;

  class Bug extends Error {}

  @Catch(Bug)
  class BugFilter implements ExceptionFilter {
    catch(error: Bug, host: ArgumentsHost) {
      journal.add(`filter: ${error.message}`);
      host.switchToWs().getClient<Client | undefined>()?.sendMessage(`filtered ${error.message}`);
    }
  }

  @JamsocketService()
  class FragileRoom {
    constructor(private readonly ctx: JamsocketContext) {}

    @OnConnect()
    connect(client: Client) {
      if (client.request.query.has('fail')) throw new Error('connect failed');
    }

    @OnMessage()
    message(_client: Client, text: string): unknown {
      if (text === 'throw') throw new Error('secret detail');
      if (text === 'reject') return Promise.reject(new Error('secret detail'));
      // eslint-disable-next-line typescript/only-throw-error
      if (text === 'no error') throw 'just a string';
      if (text === 'ws') throw new WsException('not like this');
      if (text === 'timer') this.ctx.setTimer(1);
      return `echo ${text}`;
    }

    @OnMessage('risky')
    risky() {
      throw new WsException({ status: 'error', message: 'too risky' });
    }

    @UseFilters(BugFilter)
    @OnMessage('bug')
    bug() {
      throw new Bug('found');
    }

    @OnBinary()
    async binary() {
      await Promise.resolve();
      throw new Error('bad bytes');
    }

    @UseFilters(BugFilter)
    @OnTimer()
    tick() {
      throw new Bug('in the timer');
    }

    @OnDisconnect()
    disconnect(client: Client) {
      journal.add(`disconnect ${client.id}`);
      throw new Error('disconnect failed');
    }
  }

  beforeAll(async () => {
    started = await startTestApp({ host, providers: [FragileRoom] });
  });
  beforeEach(() => {
    journal.clear();
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => logged.mockRestore());
  afterAll(() => started.close());

  const connect = (room: string) => TestClient.connect(`${started.ws}/ws/${room}`);
  const log = () => logged.mock.calls.flat().join('\n');

  it.each(['throw', 'reject', 'no error'])(
    'goes on after a message handler that fails with "%s", logs it and tells the client no secret',
    async (how) => {
      const client = await connect('messages');
      const witness = await connect('messages');
      client.send(how);
      expect(await client.nextJson()).toEqual({
        event: 'exception',
        data: { status: 'error', code: 'internal', message: 'Internal server error' },
      });
      expect(log()).toContain('FragileRoom.message');
      expect(log()).toContain(how === 'no error' ? 'just a string' : 'secret detail');
      client.send('still');
      witness.send('there');
      expect(await client.nextText()).toBe('echo still');
      expect(await witness.nextText()).toBe('echo there');
      await Promise.all([client.close(), witness.close()]);
      // Their errors must not reach the log of the next test.
      await journal.has('disconnect 1');
      await journal.has('disconnect 2');
    },
  );

  it('tells the client what a WsException says, with the id of its message', async () => {
    const client = await connect('exceptions');
    client.send('ws');
    expect(await client.nextJson()).toEqual({
      event: 'exception',
      data: { status: 'error', code: 'refused', message: 'not like this' },
    });
    client.emit('risky', null, 'id-7');
    expect(await client.nextJson()).toEqual({
      event: 'exception',
      data: { status: 'error', code: 'refused', message: 'too risky' },
      id: 'id-7',
    });
    expect(logged).not.toHaveBeenCalled();
    await client.close();
    await journal.has('disconnect 1');
  });

  it('gives errors of handlers and timers to the filters, and logs no error that a filter took', async () => {
    const client = await connect('filters');
    client.emit('bug');
    expect(await client.nextText()).toBe('filtered found');
    client.send('timer');
    await journal.has('filter: in the timer');
    expect(logged).not.toHaveBeenCalled();
    await client.close();
    await journal.has('disconnect 1');
  });

  it('goes on after binary, connect and disconnect handlers that fail', async () => {
    const witness = await connect('others');
    const broken = await TestClient.connect(`${started.ws}/ws/others?fail`);
    expect(await broken.closed).toMatchObject({ code: 1011 });
    await journal.has('disconnect 2');
    witness.send(Buffer.from('bytes'));
    expect(await witness.nextJson()).toMatchObject({ event: 'exception' });
    witness.send('alive');
    expect(await witness.nextText()).toBe('echo alive');
    for (const message of ['connect failed', 'disconnect failed', 'bad bytes']) expect(log()).toContain(message);
    await witness.close();
  });
});
