import { expect, it } from '@jest/globals';
import { defineContract, joinRoom, type RequestName, type RoomContract } from 'jamsocket-client';
import {
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  SharedState,
  type Client,
} from 'nestjs-jamsocket';
import { z } from 'zod';

interface Shapes {
  shapes: Record<string, { x: number; tags?: string[] }>;
  last: string | null;
}

@JamsocketService('boards')
class BoardRoom {
  readonly shapes = new SharedState<Shapes>({ shapes: {}, last: null });
  readonly hand = new SharedState<Shapes, readonly string[]>({ shapes: {}, last: null }, { view: () => ['A'] });
  protected readonly hidden = new SharedState({ secret: 1 });

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

it('the shared states of a class are typed, and read-only', () => {
  const room = joinRoom<Board>('ws://127.0.0.1:1', { autoConnect: false });
  const shapes = room.state('shapes');
  const [hand]: readonly string[] = room.state('hand') ?? [];
  expect([shapes, hand]).toEqual([undefined, undefined]);
  const stop = room.onState('shapes', (value) => {
    const x: number = value.shapes.a.x;
    const last: string | null = value.last;
    // @ts-expect-error: only the server changes it
    value.shapes.a.x = x;
    // @ts-expect-error: only the server changes it
    value.shapes.a.tags?.push(last);
  });
  stop();
  // @ts-expect-error: no such state
  room.state('board');
  // @ts-expect-error: protected
  room.state('hidden');
  // @ts-expect-error: no state
  room.state('draw');
  const any = joinRoom('ws://127.0.0.1:1', { autoConnect: false });
  any.onState('whatever', (value) => value.anything);
  any.close();
  room.close();
});

it('what JSON would change is refused by the compiler', () => {
  const made: unknown[] = [];
  // @ts-expect-error: a Date
  expect(() => made.push(new SharedState({ at: new Date() }))).toThrow('.at');
  // @ts-expect-error: a Map
  expect(() => made.push(new SharedState<{ a: { m: Map<string, 1> } }>({ a: { m: new Map() } }))).toThrow('.a.m');
  // @ts-expect-error: a method
  expect(() => made.push(new SharedState({ run() {} }))).toThrow('.run');
  // @ts-expect-error: a view that returns a Set
  made.push(new SharedState({ a: 1 }, { view: () => new Set<string>() }));
  const state = new SharedState<Shapes>({ shapes: {}, last: null });
  // @ts-expect-error: read-only
  expect(() => (state.value.last = 'a')).toThrow(TypeError);
  // @ts-expect-error: a number
  state.change((draft) => void (draft.last = 5));
  expect(made).toHaveLength(1);
});

const board = defineContract({
  messages: { draw: z.number() },
  state: { board: z.object({ shapes: z.array(z.number()) }) },
  presence: z.object({ x: z.number() }),
});

it('the states and the presence of a contract of schemas are typed', () => {
  const room = joinRoom('ws://127.0.0.1:1', { autoConnect: false, contract: board });
  const shapes: readonly number[] | undefined = room.state('board')?.shapes;
  expect(shapes).toBeUndefined();
  room.onState('board', (value) => {
    // @ts-expect-error: only the server changes it
    value.shapes.push(1);
  });
  // @ts-expect-error: no such state
  room.state('bord');
  const xs: (number | undefined)[] = room.presence.others.map(({ value }) => value?.x);
  expect(xs).toEqual([]);
  room.presence.set({ x: 1 });
  // @ts-expect-error: another value than the contract's
  room.presence.set({ y: 1 });
  room.close();
  const without = joinRoom('ws://127.0.0.1:1', { autoConnect: false, contract: { messages: { draw: z.number() } } });
  without.onState('whatever', (value) => value.anything);
  without.presence.set('anything');
  without.close();
});
