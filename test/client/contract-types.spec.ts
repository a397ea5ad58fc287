import { expect, it } from '@jest/globals';
import { joinRoom, type RequestName, type RoomContract } from 'jamsocket-client';
import { JamsocketContext, JamsocketService, OnConnect, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';

@JamsocketService('boards')
class BoardRoom {
  constructor(readonly ctx: JamsocketContext<{ cleared: undefined; drawn: { x: number } }>) {}

  @OnConnect()
  connect(_client: Client, _ctx: JamsocketContext) {}

  @OnMessage('reset')
  reset() {}

  @OnMessage('undo')
  undo(_client: Client): number {
    return 1;
  }

  @OnMessage('draw')
  draw(_client: Client, _at: { x: number }, _ctx: JamsocketContext): boolean {
    return true;
  }

  @OnMessage('zoom')
  zoom(_client: Client, _factor?: number) {}

  @OnDisconnect()
  disconnect(_client: Client, _ctx: JamsocketContext) {}

  onModuleDestroy() {}

  named(_name: string) {}
}

type Board = RoomContract<typeof BoardRoom>;

it('a handler without data is emitted without data', async () => {
  const sent: string[] = [];
  const room = joinRoom<Board>('ws://127.0.0.1:1', { autoConnect: false });
  const emit = ((event: string, data?: unknown) => sent.push(JSON.stringify([event, data]))) as typeof room.emit;
  emit('reset');
  emit('undo');
  emit('draw', { x: 1 });
  emit('zoom');
  emit('zoom', 2);
  // @ts-expect-error: it takes no data
  emit('reset', 5);
  // @ts-expect-error: it takes data
  emit('draw');
  // @ts-expect-error: it takes a number
  emit('zoom', 'in');
  // @ts-expect-error: @OnConnect
  emit('connect');
  // @ts-expect-error: a hook of Nest
  emit('onModuleDestroy');
  // @ts-expect-error: only code on the server calls it
  emit('named', 'x');
  expect(sent).toHaveLength(11);
  const answered: Record<RequestName<Board>, true> = { undo: true, draw: true };
  expect(Object.keys(answered)).toEqual(['undo', 'draw']);
  const ask = (() => Promise.resolve(1)) as unknown as typeof room.request;
  const undone: number = await ask('undo');
  expect(undone).toBe(1);
  room.close();
});
