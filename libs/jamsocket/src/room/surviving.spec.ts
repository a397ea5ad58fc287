import { ConsoleLogger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { OnConnect, OnDisconnect, OnMessage } from '../decorators/handler.decorators.js';
import { JamsocketService } from '../decorators/jamsocket-service.decorator.js';
import { createTestRoom } from '../testing/create-test-room.js';
import type { Client } from '../members/client.js';
import type { TestRoom } from '../testing/test-room.js';
import { HandlerRunner } from './turns/handler-runner.js';
import { RoomTurns } from './turns/room-turns.js';

@JamsocketService()
class EchoRoom {
  readonly left: number[] = [];

  get broken(): () => void {
    throw new Error('a getter fails');
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'bug') throw new Error('a bug');
    return text;
  }

  @OnDisconnect()
  disconnect(client: Client) {
    this.left.push(client.id);
  }
}

describe('a room survives', () => {
  let room: TestRoom<EchoRoom>;
  const lines: string[] = [];
  afterEach(async () => {
    jest.restoreAllMocks();
    lines.length = 0;
    await room.close();
  });

  const nothing = () => undefined;
  const logger = { log: nothing, warn: nothing, error: (line: string) => void lines.push(line) };
  const start = async () => (room = await createTestRoom(EchoRoom, { logger }));
  const failOnce = (mistake: string) => () => {
    throw new Error(mistake);
  };

  it('a logger that throws, and the console has its line', async () => {
    const written = jest.spyOn(ConsoleLogger.prototype, 'error').mockImplementation(nothing);
    room = await createTestRoom(EchoRoom, { logger: { ...logger, error: failOnce('the disk is full') } });
    const client = await room.connect();
    await client.until('welcome');
    client.send('bug');
    expect(await client.nextJson()).toMatchObject({ event: 'exception' });
    client.send('still here');
    expect(await client.nextText()).toBe('still here');
    expect(written.mock.calls).toEqual([
      [expect.stringMatching(/logger failed \(the disk is full\) for this line: EchoRoom\.message in .*: a bug$/)],
    ]);
  });

  it('a turn that fails where no handler is to blame, with one line in the log', async () => {
    await start();
    const client = await room.connect();
    await client.until('welcome');
    jest.spyOn(RoomTurns.prototype, 'takeText').mockImplementationOnce(failOnce('no stack left'));
    client.send('lost');
    client.send('still here');
    expect(await client.nextText()).toBe('still here');
    expect(lines).toEqual([expect.stringMatching(/: no stack left$/)]);
  });

  it('a connect whose turn fails: the client is closed', async () => {
    await start();
    const run = jest.spyOn(HandlerRunner.prototype, 'run').mockImplementationOnce(failOnce('no stack left'));
    const client = await room.connect().catch(() => undefined);
    expect(run).toHaveBeenCalled();
    if (client !== undefined) expect((await client.closed).code).toBe(1011);
    const next = await room.connect();
    expect(await next.nextText()).toBe('welcome');
  });

  it('a disconnect whose turn fails: an empty room ends', async () => {
    await start();
    const client = await room.connect();
    jest.spyOn(HandlerRunner.prototype, 'run').mockImplementationOnce(failOnce('no stack left'));
    await client.close();
    expect(room.isRunning).toBe(false);
  });

  it('a destroy whose turn fails: the room ends', async () => {
    await start();
    jest.spyOn(RoomTurns.prototype, 'takeTurn').mockImplementationOnce(failOnce('no stack left'));
    expect(await room.rooms.close(EchoRoom, room.roomId)).toBe(true);
    expect(room.isRunning).toBe(false);
  });

  it('a call from outside whose turn fails, or whose method cannot be read: the caller hears of it', async () => {
    await start();
    const invoke = () => room.rooms.invoke(EchoRoom, room.roomId, 'broken');
    await expect(invoke()).rejects.toThrow('a getter fails');
    jest.spyOn(HandlerRunner.prototype, 'invoke').mockImplementationOnce(failOnce('no stack left'));
    await expect(invoke()).rejects.toThrow('no stack left');
    const client = await room.connect();
    await client.until('welcome');
    client.send('still here');
    expect(await client.nextText()).toBe('still here');
  });
});
