import { ConsoleLogger, Logger, UseGuards, type CanActivate } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnMessage,
  OnTimer,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly context: string;
  readonly params?: object;
  readonly stack?: string;
}

/** Nest's own logger, whose lines go into a journal instead of to the terminal. */
class JsonLog extends ConsoleLogger {
  readonly written = new Journal();
  readonly lines: Line[] = [];

  constructor() {
    super({ json: true, logLevels: ['error', 'warn'] });
  }

  protected override printAsJson(message: unknown, options: Parameters<ConsoleLogger['printAsJson']>[1]): void {
    // The line as a terminal would show it.
    const line = JSON.parse(this.stringifyJsonLogObject(this.getJsonLogObject(message, options))) as Line;
    this.lines.push(line);
    this.written.add(line.level);
  }

  async next(level: 'error' | 'warn'): Promise<Line> {
    await this.written.has(level);
    return this.lines.find((line) => line.level === level)!;
  }
}

class BrokenGuard implements CanActivate {
  canActivate(): boolean {
    throw new Error('the database is gone');
  }
}

let gate: Gate;

@JamsocketService('logged')
class LoggedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    if (this.ctx.roomId === 'broken') throw new Error('cannot be made');
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'timer') return this.ctx.setTimer(1);
    throw new RangeError('our mistake');
  }

  @OnMessage('slow')
  async slow() {
    await gate.opened;
  }

  @OnBinary()
  binary(client: Client) {
    // More than the kernel takes for a client that does not read.
    for (let n = 0; n < 256; n++) client.sendBinary(Buffer.alloc(65_536));
  }

  @OnTimer()
  timer() {
    throw new Error('too late');
  }

  async invoked() {
    await gate.opened;
  }
}

@JamsocketService('guarded')
class GuardedRoom {
  @UseGuards(BrokenGuard)
  @OnConnect()
  connect() {}
}

describe('a log line', () => {
  let started: TestApp;
  let log: JsonLog;

  beforeEach(() => {
    gate = new Gate();
    log = new JsonLog();
  });
  afterEach(async () => {
    gate.open();
    await started.close();
    Logger.overrideLogger(false);
  });

  async function start(options: JamsocketOptions = {}): Promise<TestApp> {
    started = await startTestApp({ options, providers: [LoggedRoom, GuardedRoom] });
    Logger.overrideLogger(log);
    return started;
  }

  async function connect(): Promise<TestClient> {
    const client = await TestClient.connect(`${started.ws}/ws/logged/lobby`);
    await client.until('welcome');
    return client;
  }

  it('about a handler that throws names service, room, handler and client, and has the stack', async () => {
    await start();
    const client = await connect();
    client.send('bug');
    expect(await log.next('error')).toMatchObject({
      context: 'LoggedRoom',
      message: 'LoggedRoom.message in room "lobby": our mistake',
      params: { service: 'logged', room: 'lobby', handler: 'LoggedRoom.message', client: 1 },
      stack: expect.stringContaining('RangeError: our mistake'),
    });
  });

  it('about what no client caused names none', async () => {
    await start();
    const client = await connect();
    client.send('timer');
    const { params } = await log.next('error');
    expect(params).toEqual({ service: 'logged', room: 'lobby', handler: 'LoggedRoom.timer' });
  });

  it('about a turn that takes too long names the handler that it waits for', async () => {
    await start({ handlerTimeoutMs: 50 });
    const client = await connect();
    client.emit('slow');
    expect(await log.next('error')).toMatchObject({
      message: expect.stringContaining('has not finished in 50 ms'),
      params: { service: 'logged', room: 'lobby', handler: 'LoggedRoom.slow', client: 1 },
    });
  });

  it('about a call from outside that takes too long names the method', async () => {
    await start({ handlerTimeoutMs: 50 });
    const client = await connect();
    const call = started.app.get(JamsocketRooms).invoke(LoggedRoom, 'lobby', 'invoked');
    const { params } = await log.next('error');
    expect(params).toEqual({ service: 'logged', room: 'lobby', handler: 'LoggedRoom.invoked' });
    gate.open();
    await Promise.all([call, client.close()]);
  });

  it('about a room that cannot be made names service and room', async () => {
    await start();
    await TestClient.refused(`${started.ws}/ws/logged/broken`);
    expect(await log.next('error')).toMatchObject({
      context: 'Jamsocket',
      message: 'Connecting to /ws/logged/broken failed: cannot be made',
      params: { service: 'logged', room: 'broken' },
      stack: expect.stringContaining('LoggedRoom.create'),
    });
  });

  it('about a guard that fails names service and room, and no query with its secrets', async () => {
    await start();
    await TestClient.refused(`${started.ws}/ws/guarded/club?token=secret`);
    const line = await log.next('error');
    expect(line.params).toEqual({ service: 'guarded', room: 'club' });
    expect(JSON.stringify(line)).not.toContain('secret');
  });

  it.each([true, false])('about a client that does not read names it, with coalesce %s', async (coalesce) => {
    await start({ coalesce, limits: { maxBufferedBytes: 100_000 } });
    const client = await connect();
    client.socket.pause();
    client.send(Buffer.from('more than that, please'));
    expect(await log.next('warn')).toMatchObject({
      context: 'LoggedRoom',
      message: expect.stringMatching(/^Client 1 of LoggedRoom in room "lobby" was closed: .* 100000 bytes/),
      params: { service: 'logged', room: 'lobby', client: 1 },
    });
    expect(log.lines).toHaveLength(1);
    client.socket.terminate();
  });

  it('about a client that sends too much names it, once', async () => {
    await start({ limits: { messagesPerSecond: { rate: 1, burst: 1 } } });
    const client = await connect();
    for (let n = 0; n < 5; n++) client.emit('unknown');
    expect((await client.closed).code).toBe(1008);
    expect((await log.next('warn')).params).toEqual({ service: 'logged', room: 'lobby', client: 1 });
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});
