import { describe, expect, it } from '@jest/globals';
import { JamsocketClock, JamsocketService, OnConnect, OnCreate, OnMessage, type Client } from 'nestjs-jamsocket';
import { createTestRoom, LeakError, useLeakGuard } from 'nestjs-jamsocket/testing';
import { Gate } from './support/gate.js';

/** The check that the guard registers with the test framework, to run after each test. */
let check: () => Promise<void>;
useLeakGuard((given) => (check = given));

const leaksOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  try {
    await work;
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(LeakError);
    return (error as LeakError).leaks;
  }
};

@JamsocketService()
class TidyRoom {
  #timer: NodeJS.Timeout | undefined;
  @OnCreate()
  create() {
    this.#timer = setInterval(() => undefined, 1_000);
    setTimeout(() => undefined, 1_000).unref();
    setTimeout(() => undefined, 1);
  }
  onModuleDestroy() {
    clearInterval(this.#timer);
  }
}

describe('The leak guard', () => {
  it('lets a test pass that closes its rooms', async () => {
    const room = await createTestRoom(TidyRoom);
    await room.connect();
    await room.close();
    await room.close();
    await check();
  });

  it('fails a test that does not, names each room, and closes them', async () => {
    const one = await createTestRoom(TidyRoom, { roomId: 'one' });
    await one.openRoom(TidyRoom, 'two');
    const other = await createTestRoom(TidyRoom, { roomId: 'other' });
    const client = await other.connect();
    expect(await leaksOf(check())).toEqual([
      'TidyRoom "one": the test has not called room.close()',
      'TidyRoom "two": the test has not called room.close()',
      'TidyRoom "other": the test has not called room.close()',
    ]);
    expect(await client.closed).toEqual({ code: 1012, reason: 'service restart' });
    await check();
  });

  it('has nothing to say of a room that could not be made', async () => {
    @JamsocketService()
    class BrokenRoom {
      @OnCreate()
      create() {
        throw new Error('no');
      }
    }
    await expect(createTestRoom(BrokenRoom, { logger: false })).rejects.toThrow('no');
    await check();
  });

  it.each(['constructor', 'create', 'connect', 'message'])(
    'fails a room that leaves a timer of Node behind, set in its %s, and says where',
    async (where) => {
      let timer: NodeJS.Timeout | undefined;
      const set = (place: string) => {
        if (place === where) timer = setInterval(() => undefined, 1_000);
      };
      @JamsocketService()
      class UntidyRoom {
        constructor() {
          set('constructor');
        }
        @OnCreate()
        create() {
          set('create');
        }
        @OnConnect()
        async connect() {
          await Promise.resolve();
          set('connect');
        }
        @OnMessage()
        message() {
          set('message');
        }
      }
      const room = await createTestRoom(UntidyRoom);
      const mine = setInterval(() => undefined, 1_000);
      const client = await room.connect();
      client.send('go');
      await room.settle();
      expect(await leaksOf(room.close())).toEqual([
        expect.stringMatching(/^a timer of Node that was set at .*leak-guard\.spec\.ts/),
      ]);
      clearInterval(timer);
      clearInterval(mine);
    },
  );

  it('fails a room that leaves a timer of the clock behind', async () => {
    @JamsocketService()
    class UntidyRoom {
      constructor(clock: JamsocketClock) {
        clock.setInterval(() => undefined, 500);
        clock.clearTimeout(clock.setTimeout(() => undefined, 500));
      }
    }
    const room = await createTestRoom(UntidyRoom);
    expect(await leaksOf(room.close())).toEqual(['a timer of JamsocketClock: setInterval(…, 500)']);
  });

  it('fails a room whose handler has not finished when the grace is over', async () => {
    const gate = new Gate();
    @JamsocketService()
    class HangingRoom {
      @OnMessage()
      message(client: Client) {
        client.sendMessage('here I hang');
        return gate.opened;
      }
    }
    const room = await createTestRoom(HangingRoom, { roomId: 'rope', patienceMs: 50 });
    const client = await room.connect();
    client.send('go');
    await client.next();
    expect(await leaksOf(room.close())).toEqual(['HangingRoom "rope": a handler that is still running']);
    gate.open();
  });

  it('closes fifty clients without waiting in real time', async () => {
    const room = await createTestRoom(TidyRoom);
    const clients = await Promise.all(Array.from({ length: 50 }, () => room.connect()));
    clients[0].pause();
    await room.close();
    expect(new Set(clients.slice(1).map((client) => client.isClosed))).toEqual(new Set([true]));
  });

  it('says what it needs where there is no global afterEach', () => {
    const { afterEach } = globalThis as { afterEach?: unknown };
    try {
      delete (globalThis as { afterEach?: unknown }).afterEach;
      expect(() => useLeakGuard()).toThrow('useLeakGuard(afterEach)');
    } finally {
      Object.assign(globalThis, { afterEach });
    }
  });
});
