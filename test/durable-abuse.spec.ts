import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  OnTimer,
  State,
  type Client,
  type StateFields,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { Gate } from './support/gate.js';
import { MoodyStore } from './support/moody-store.js';

useLeakGuard();

let gate: Gate;

@JamsocketService({ path: 'odd', durable: { save: 'turn' }, shutdown: 'never' })
class OddRoom {
  @State() total = 0;
  @State() bytes = new Uint8Array(8);
  @State() buffer = Buffer.from('abc');
  @State() extra: unknown = undefined;
  readonly log: string[] = [];
  readonly early: Promise<string>;

  constructor(private readonly ctx: JamsocketContext) {
    this.early = ctx.save().then(
      () => 'saved',
      (error: Error) => error.message,
    );
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('hello');
  }

  @OnMessage()
  async message(client: Client, text: string) {
    if (text === 'add') this.ctx.sendMessage(Broadcast, `total ${++this.total}`);
    if (text === 'save') {
      const saved = this.ctx.save();
      client.sendMessage('saving');
      await saved;
      client.sendMessage('saved');
    }
    if (text === 'wait') await gate.opened;
    if (text === 'start') this.ctx.setTimer(60_000);
    if (text === 'cancel') this.ctx.clearTimer();
    if (text === 'never') this.ctx.setTimer(Number.MAX_VALUE);
  }

  @OnTimer()
  fire() {
    this.log.push('fire');
  }

  who() {
    return { members: [...this.ctx.clients.keys()], restored: this.ctx.restored?.reason };
  }
}

const macrotask = () => new Promise((resolve) => setImmediate(resolve));

describe('a durable room', () => {
  let store: MoodyStore;
  let room: TestRoom<OddRoom>;
  let ann: RoomClient;

  beforeEach(async () => {
    store = new MoodyStore();
    gate = new Gate();
    room = await createTestRoom(OddRoom, { store, roomId: 'one', logger: false });
    ann = await room.connect();
    await room.settle();
  });

  afterEach(() => room.close());

  it('saves for a handler that has sent something meanwhile, though nothing has changed', async () => {
    ann.send('save');
    await room.settle();
    expect(ann.unread()).toEqual(['hello', 'saving', 'saved']);
  });

  it('saves for a caller from outside, though nothing has changed since the commit that is tried again', async () => {
    store.mood = 'failing';
    ann.send('add');
    await room.settle();
    const saved = jest.fn();
    void room.context.save().then(saved);
    await room.advance(500);
    expect(saved).not.toHaveBeenCalled();
    store.mood = 'good';
    await room.advance(5_000);
    expect(ann.unread()).toEqual(['hello', 'total 1']);
    expect(saved).toHaveBeenCalled();
  });

  it('says to a constructor that it cannot be saved yet', async () => {
    expect(await room.service.early).toContain('before its state is restored: call save() in @OnCreate or later');
  });

  it('does not end the process when nobody waits for a save that fails', async () => {
    store.mood = 'hanging';
    room.service.total++;
    void room.context.save();
    room.service.extra = () => 1;
    void room.context.save();
    room.service.extra = undefined;
    await room.settle();
    store.mood = 'good';
    // An unhandled rejection makes the test fail.
    await room.crash();
    await macrotask();
    expect(room.service.total).toBe(0);
  });

  it('keeps a timer that is set while the room is ending, and forgets one that is cancelled then', async () => {
    const restartWith = async (word: string) => {
      gate = new Gate();
      ann = await room.connect();
      ann.send('wait');
      ann.send(word);
      await macrotask();
      const { room: port } = room.context;
      const restarted = room.restart();
      while (port.state !== 'draining') await macrotask();
      gate.open();
      await restarted;
    };
    await restartWith('start');
    await room.advance(59_000);
    expect(room.service.log).toEqual([]);
    await room.advance(1_000);
    expect(room.service.log).toEqual(['fire']);
    ann = await room.connect();
    ann.send('start');
    await room.settle();
    await restartWith('cancel');
    await room.advance(61_000);
    expect(room.service.log).toEqual([]);
  });

  it('that code or HTTP has made is still there after a crash, once that has been said', async () => {
    await room.rooms.create(OddRoom, 'two');
    await room.crash();
    expect(await room.rooms.invoke(OddRoom, 'two', 'who')).toEqual({ members: [], restored: 'crash' });
    const made = room.rooms.create(OddRoom, 'three').catch((error: Error) => error.message);
    // Until the room is claimed and made, which needs no timer; then comes its commit.
    for (let ticks = 0; ticks < 1_000; ticks++) await Promise.resolve();
    store.mood = 'failing';
    await room.advance(10_000);
    expect(await made).toBe('Room "three" has been created, but is not saved yet: its store does not answer.');
    store.mood = 'good';
    await room.advance(5_000);
  });

  it('saves a timer for never with a time that every store takes', async () => {
    ann.send('never');
    await room.settle();
    await room.crash();
    await ann.closed;
    await room.context.save();
    const [{ dueAt }] = await store.due(Number.MAX_VALUE, 10, [], ['odd']);
    expect(dueAt).toBe(8.64e15);
  });

  it('has bytes back with a buffer of their own', async () => {
    room.service.bytes[0] = 7;
    await room.restart();
    const { bytes, buffer } = room.service;
    expect([bytes.buffer.byteLength, bytes[0], buffer]).toEqual([8, 7, Buffer.from('abc')]);
  });

  it.each([[5], ['x'], [[]], [new Map()], [() => 1], [true]])(
    'is not begun anew because migrate returns %p',
    async (value) => {
      room.service.total = 3;
      await room.context.save();
      @JamsocketService({ path: 'odd', durable: { save: 'turn', version: 2, migrate: () => value as StateFields } })
      class Newer {
        @State() total = 0;
      }
      const opened = createTestRoom(Newer, { store, roomId: 'one', logger: false });
      await expect(opened).rejects.toMatchObject({
        code: 'room_unreadable',
        message: expect.stringContaining('migrate returned'),
      });
      await room.crash();
      expect(room.service.total).toBe(3);
    },
  );
});
