import { expect, it } from '@jest/globals';
import {
  Broadcast,
  defineContract,
  JamsocketContext,
  JamsocketService,
  OnMessage,
  Presence,
  SharedState,
  type Client,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { z } from 'zod';

const game = defineContract({
  messages: {
    move: { data: z.object({ x: z.string().transform(Number) }), reply: z.number() },
    say: z.string(),
    leave: {},
  },
  events: { said: z.string() },
});

@JamsocketService({ contract: game })
class GameRoom {
  readonly calls: unknown[] = [];

  constructor(private readonly ctx: JamsocketContext<typeof game>) {}

  @OnMessage('move')
  move(_client: Client, { x }: { x: number }) {
    return x + 1;
  }

  @OnMessage('say')
  say(_client: Client, text: string) {
    this.ctx.emit(Broadcast, 'said', text);
  }

  @OnMessage('leave')
  leave(...args: unknown[]) {
    this.calls.push(args[1]);
  }
}

useLeakGuard();

it('a contract validates the messages of its room: handlers get the output of its schemas', async () => {
  await using room = await createTestRoom(GameRoom);
  const ann = await room.connect();
  expect(await ann.request('move', { x: '4' })).toMatchObject({ event: 'move', data: 5 });
  expect(await ann.request('move', { x: 4 })).toMatchObject({
    event: 'exception',
    data: { issues: [{ path: ['x'] }] },
  });
  expect(await ann.request('say', 5)).toMatchObject({ event: 'exception', data: { issues: [{ path: [] }] } });
  ann.emit('say', 'hello');
  expect(await ann.nextJson()).toEqual({ event: 'said', data: 'hello' });
  ann.emit('leave', { unexpected: 'data' });
  await room.settle();
  expect(room.service.calls).toEqual([undefined]);
});

const board = defineContract({
  state: { board: z.object({ n: z.number() }) },
  presence: z.object({ x: z.number() }),
});

it('the schema of a contract validates the presence that clients set', async () => {
  @JamsocketService({ contract: board })
  @Presence({ everyMs: 0 })
  class BoardRoom {
    readonly board = new SharedState({ n: 0 });
    constructor(readonly ctx: JamsocketContext<typeof board>) {}
  }
  await using room = await createTestRoom(BoardRoom);
  const ann = await room.connect();
  ann.emit('$presence', { x: 'left' });
  ann.emit('$presence', { x: 1 });
  await room.settle();
  expect(room.service.ctx.presence.get(ann.client)).toEqual({ x: 1 });
  expect(ann.unread().join()).toContain('"exception"');
});

it('a room without a shared state of its contract does not begin', async () => {
  class Lacking {}
  (JamsocketService({ contract: board }) as ClassDecorator)(Lacking);
  Presence()(Lacking);
  await expect(createTestRoom(Lacking)).rejects.toThrow(
    'Lacking has no SharedState in a field board, which is in its contract: add the field, or remove it from the contract.',
  );
});
