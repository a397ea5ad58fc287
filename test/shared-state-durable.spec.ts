import { describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnMessage,
  SharedState,
  State,
  type Client,
  type StateFields,
} from 'nestjs-jamsocket';
import type { Type } from '@nestjs/common';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { Gate } from './support/gate.js';
import { MoodyStore } from './support/moody-store.js';
import { applyPatch } from '../libs/jamsocket/src/base/state-patch.js';

useLeakGuard();

interface Board {
  players: Record<string, { x: number }>;
  log: string[];
}

let stop = new Gate();

class Base {
  readonly board = new SharedState<Board>({ players: {}, log: [] });
  readonly hand = new SharedState<Record<string, string[]>, readonly string[]>(
    {},
    { view: (hands, { id }) => hands[id] ?? [] },
  );

  constructor(readonly ctx: JamsocketContext) {}

  @OnMessage('move')
  move({ id }: Client, x: number) {
    this.board.change(({ players }) => void (players[id] = { x }));
    this.hand.change((hands) => void (hands[id] ??= []).push(`card ${x}`));
    return x;
  }

  @OnMessage('keep')
  async keep(_client: Client, text: string) {
    this.board.change(({ log }) => void log.push(text));
    await this.ctx.save();
    await stop.opened;
  }

  say(text: string) {
    this.board.change(({ log }) => void log.push(text));
    this.ctx.sendMessage(Broadcast, text);
  }

  /** Most of a crowd moves; some leave and come back. */
  stir() {
    this.board.change(({ players, log }) => {
      for (let one = 0; one < 12; one++) {
        if ((one + log.length) % 7 === 0) delete players[`p${one}`];
        else players[`p${one}`] = { x: log.length * 10 + one };
      }
    });
  }
}

@JamsocketService({ path: 'board', durable: { save: 'turn' } })
class TurnRoom extends Base {
  @State() total = 0;

  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

@JamsocketService({ path: 'board', durable: { save: { everyMs: 1_000 } } })
class LazyRoom extends Base {
  constructor(ctx: JamsocketContext) {
    super(ctx);
  }
}

const renamed = (state: StateFields) => {
  const { board, ...rest } = state as { board: Board };
  return { ...rest, table: { seats: Object.keys(board.players) } };
};

@JamsocketService({ path: 'board', durable: { save: 'turn', version: 2, migrate: renamed } })
class NewerRoom {
  readonly table = new SharedState<{ seats: string[] }>({ seats: [] });
}

/** A client of jamsocket.v1 that follows the state. */
class Follower {
  state: Record<string, unknown> = {};
  texts: string[] = [];
  #received = 0;
  #read = 0;
  #token = '';

  constructor(private readonly room: TestRoom) {}

  client!: RoomClient;

  async connect(): Promise<Record<string, unknown>> {
    const resume = this.#token === '' ? [] : [`jamsocket.resume.${this.#token}.${this.#received}`];
    this.#read = 0;
    this.client = await this.room.connect({ protocols: ['jamsocket.v1', ...resume] });
    const welcome = await this.client.nextJson<{ jamsocket: string; resumed: boolean }>();
    this.#token = welcome.jamsocket;
    if (!welcome.resumed) [this.#received, this.state] = [0, {}];
    this.client.send(JSON.stringify({ jamsocket: this.#token }));
    await this.read();
    return welcome;
  }

  async read(): Promise<void> {
    await this.room.settle();
    const frames = this.client.received.slice(this.#read);
    this.#read += frames.length;
    for (const frame of frames) {
      const message = JSON.parse(String(frame).startsWith('{') ? String(frame) : '{}') as {
        jamsocket?: string;
        event?: string;
        data?: unknown;
      };
      if (message.jamsocket !== undefined) continue;
      this.#received++;
      if (message.event === '$state') this.state = applyPatch(this.state, message.data) as typeof this.state;
      else this.texts.push(String(frame));
    }
  }
}

async function open(type: Type<Base> = TurnRoom) {
  const store = new MoodyStore();
  const room = await createTestRoom(type, { roomId: 'one', store, logger: false });
  const [ann, bob] = [new Follower(room), new Follower(room)];
  await ann.connect();
  await bob.connect();
  return { store, room, ann, bob };
}

describe('the shared state of a durable room', () => {
  it('is as every client has it, through crashes and restarts', async () => {
    const { room, ann, bob } = await open();
    for (let round = 0; round < 6; round++) {
      ann.client.emit('move', round);
      await room.settle();
      await bob.read();
      await bob.client.drop();
      bob.client.emit('move', round * 10);
      await room.rooms.invoke(TurnRoom, 'one', 'say', `round ${round}`);
      await room.rooms.invoke(TurnRoom, 'one', 'stir');
      await room.settle();
      if (round % 2 === 0) await room.crash();
      else await room.restart();
      expect(room.service.board.value.log.at(-1)).toBe(`round ${round}`);
      for (const follower of [ann, bob]) {
        expect(await follower.connect()).toMatchObject({ resumed: true });
        expect(follower.state.board).toEqual(room.service.board.value);
      }
      expect(ann.state.hand).toEqual(room.service.hand.value[1] ?? []);
      expect(bob.texts.filter((text) => text === `round ${round}`)).toHaveLength(1);
    }
    const cat = new Follower(room);
    await cat.connect();
    expect(cat.state).toEqual({ board: room.service.board.value, hand: [] });
    ann.client.emit('move', 99);
    await ann.read();
    expect(ann.state.hand).toEqual(room.service.hand.value[1]);
    await room.close();
  });

  it('that nobody has seen yet is not lost with what waits for the store, nor doubled', async () => {
    const { room, ann } = await open();
    ann.client.emit('move', 1);
    await ann.read();
    // In one tick: nothing of it has left, and the crash comes before the save.
    ann.client.emit('move', 2);
    await room.crash();
    expect(await ann.connect()).toMatchObject({ resumed: true });
    expect(ann.state.board).toEqual(room.service.board.value);
    await room.close();
  });

  it('that is saved in the middle of a turn reaches the clients that resume', async () => {
    stop = new Gate();
    const { room, ann } = await open();
    ann.client.emit('keep', 'saved');
    await room.advance(0, { waitForHandlers: false });
    await room.crash().catch(() => undefined);
    stop.open();
    expect(room.service.board.value.log).toEqual(['saved']);
    expect(await ann.connect()).toMatchObject({ resumed: true });
    expect(ann.state.board).toEqual(room.service.board.value);
    await room.close();
  });

  it('is saved after a while where the room is, and clients that have seen more begin anew', async () => {
    const { room, ann } = await open(LazyRoom);
    ann.client.emit('move', 1);
    await room.advance(1_500);
    ann.client.emit('move', 2);
    await ann.read();
    expect(ann.state.board).toEqual({ players: { 1: { x: 2 } }, log: [] });
    await room.crash();
    expect(room.service.board.value).toEqual({ players: { 1: { x: 1 } }, log: [] });
    expect(await ann.connect()).toMatchObject({ resumed: false, lost: 'restored' });
    expect(ann.state.board).toEqual({ players: { 1: { x: 1 } }, log: [] });
    await room.restart();
    expect(await ann.connect()).toMatchObject({ resumed: true });
    // A change outside of a turn is saved, too.
    room.service.board.change(({ log }) => void log.push('outside'));
    await room.advance(1_500);
    await room.crash();
    expect(room.service.board.value.log).toEqual(['outside']);
    await room.close();
  });

  it('is what migrate makes of it, for clients that resume as well', async () => {
    const { store, room, ann } = await open();
    ann.client.emit('move', 5);
    await ann.read();
    await room.restart();
    await room.close();
    const newer = await createTestRoom(NewerRoom, { roomId: 'one', store, logger: false });
    expect(newer.service.table.value).toEqual({ seats: ['1'] });
    const back = Object.assign(new Follower(newer), { state: ann.state });
    Object.assign(ann, { room: newer });
    expect(await ann.connect()).toMatchObject({ resumed: true });
    expect(ann.state.table).toEqual({ seats: ['1'] });
    await back.connect();
    expect(back.state).toEqual({ table: { seats: ['1'] } });
    await newer.close();
  });

  it('may not be marked with @State() too', async () => {
    @JamsocketService({ path: 'twice', durable: true })
    class TwiceRoom {
      @State() readonly board = new SharedState({ x: 0 });
    }
    await expect(createTestRoom(TwiceRoom, { logger: false })).rejects.toThrow(
      'TwiceRoom.board has @State(), but is a SharedState, which a durable room saves anyway.',
    );
  });
});

describe('mistakes', () => {
  const shared = new SharedState({ x: 0 });

  it('one SharedState for all rooms is refused', async () => {
    @JamsocketService('shared')
    class SharedRoom {
      readonly board = shared;
    }
    const first = await createTestRoom(SharedRoom, { logger: false, options: { shutdown: 'never' } });
    await expect(first.openRoom(SharedRoom, 'two')).rejects.toThrow(
      'SharedRoom.board is the shared state of another room',
    );
    await first.close();
  });

  it('a SharedState in a provider of the room is refused', async () => {
    class Holder {
      readonly board = new SharedState({ x: 0 });

      constructor(readonly ctx: JamsocketContext) {}
    }
    Reflect.defineMetadata('design:paramtypes', [JamsocketContext], Holder);

    @JamsocketService('holding')
    class HoldingRoom {
      constructor(readonly holder: Holder) {}
    }
    Reflect.defineMetadata('design:paramtypes', [Holder], HoldingRoom);
    await expect(createTestRoom(HoldingRoom, { logger: false, providers: [Holder] })).rejects.toThrow(
      'Holder.board is a SharedState outside of a room service',
    );
  });

  it('an initial value over the limit is refused', async () => {
    @JamsocketService({ path: 'large', limits: { maxStateBytes: 1_024 } })
    class LargeRoom {
      readonly board = new SharedState({ text: 'x'.repeat(2_000) });
    }
    await expect(createTestRoom(LargeRoom, { logger: false })).rejects.toThrow(
      'The initial shared state of LargeRoom has 2011 bytes as JSON, and may have 1024',
    );
  });
});
