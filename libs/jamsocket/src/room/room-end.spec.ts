import { Injectable, Logger, Scope, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketService } from '../decorators/jamsocket-service.decorator.js';
import { OnConnect, OnCreate, OnDestroy, OnDisconnect } from '../decorators/handler.decorators.js';
import { JamsocketContext } from '../members/room-context.js';
import type { Client } from '../members/client.js';
import { createTestRoom } from '../testing/create-test-room.js';
import type { TestRoom } from '../testing/test-room.js';
import type { Room } from './room.js';

const never = new Promise<void>(() => undefined);
let journal: string[] = [];
/** Replaces what the hook or handler of this name does. */
let misdeeds = new Map<string, () => unknown>();

function happens(what: string): unknown {
  journal.push(what);
  return misdeeds.get(what)?.();
}

class Hooks implements OnModuleInit, OnModuleDestroy {
  onModuleInit() {
    return happens(`${this.constructor.name} init`);
  }
  onModuleDestroy() {
    return happens(`${this.constructor.name} destroyed`);
  }
}

@Injectable()
class Scores extends Hooks {
  constructor(readonly ctx: JamsocketContext) {
    super();
  }
}

/** One for each provider that injects it. */
@Injectable({ scope: Scope.TRANSIENT })
class Pencil extends Hooks {}

@Injectable()
class Referee extends Hooks {
  constructor(
    readonly scores: Scores,
    readonly pencil: Pencil,
  ) {
    super();
  }
}

@JamsocketService({ handlerTimeoutMs: 1_000 })
class FinalRoom extends Hooks {
  constructor(
    // Listed before the provider that injects it: it must still exist when that provider is destroyed.
    readonly scores: Scores,
    readonly referee: Referee,
    readonly pencil: Pencil,
    readonly ctx: JamsocketContext,
  ) {
    super();
  }

  @OnCreate()
  create() {
    return happens('create');
  }
  @OnConnect()
  connect(client: Client) {
    return happens(`connect ${client.id}`);
  }
  @OnDisconnect()
  disconnect(client: Client) {
    return happens(`disconnect ${client.id}`);
  }
  @OnDestroy()
  destroy() {
    return happens('destroy');
  }
}

describe('the end of a room', () => {
  let room: TestRoom<FinalRoom>;
  let errors: jest.SpiedFunction<Logger['error']>;

  beforeEach(async () => {
    journal = [];
    misdeeds = new Map();
    errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    room = await createTestRoom(FinalRoom, {
      providers: [Scores, Referee, Pencil],
      options: { shutdownGraceMs: 5_000 },
      logger: false,
      roomId: 'r',
    });
  });
  afterEach(async () => {
    await room.close().catch(() => undefined);
    errors.mockRestore();
  });

  const said = (mock: { readonly mock: { readonly calls: unknown[][] } }) =>
    mock.mock.calls.map(([line]) => String(line));

  it('is over for whoever begins to wait for a start afterwards', async () => {
    const { end } = room.context.room as Room;
    await room.rooms.close(FinalRoom, 'r');
    await end.readyOrStopped(never);
  });

  describe('by a close', () => {
    it.each([
      ['124 characters', 'x'.repeat(124)],
      ['124 bytes', 'é'.repeat(62)],
      ['no string', 7 as never],
    ])('whose reason is %s is refused, and nothing has changed', async (_what, reason) => {
      const client = await room.connect();
      const { context } = room;
      expect(() => context.close(reason)).toThrow(expect.objectContaining({ code: 'bad_close_code' }));
      await expect(room.rooms.close(FinalRoom, 'r', reason)).rejects.toMatchObject({ code: 'bad_close_code' });
      expect(room.isRunning).toBe(true);
      await room.connect();
      expect(await room.rooms.close(FinalRoom, 'r', 'é'.repeat(61))).toBe(true);
      expect(await client.closed).toEqual({ code: 1000, reason: 'é'.repeat(61) });
      expect(journal.slice(0, -5).at(-1)).toBe('destroy');
    });

    it('ends every client, though the end of one throws', async () => {
      const clients = [await room.connect(), await room.connect(), await room.connect()];
      clients[0].client.connection!.close = () => {
        throw new Error('no close');
      };
      await room.rooms.close(FinalRoom, 'r', 'over');
      const codes = await Promise.all(clients.map(async ({ closed }) => (await closed).code));
      expect(codes).toEqual([1006, 1000, 1000]);
      expect(journal).toEqual(expect.arrayContaining(['disconnect 1', 'disconnect 2', 'disconnect 3', 'destroy']));
      expect(said(errors)).toEqual([expect.stringContaining('Closing client 1 of FinalRoom in room "r" failed')]);
    });
  });

  describe('and the hooks of its providers', () => {
    const INIT = ['Scores init', 'Pencil init', 'Referee init', 'Pencil init', 'FinalRoom init', 'create'];
    const DESTROYED = ['Pencil', 'Referee', 'Pencil', 'Scores'].map((name) => `${name} destroyed`);

    it('calls onModuleInit of dependencies first, before @OnCreate, and onModuleDestroy the other way round', async () => {
      expect(journal).toEqual(INIT);
      await room.rooms.close(FinalRoom, 'r');
      expect(journal).toEqual([...INIT, 'destroy', 'FinalRoom destroyed', ...DESTROYED]);
    });

    it('calls all of them, though one throws and another never ends, and the address is free again', async () => {
      misdeeds.set('FinalRoom destroyed', () => {
        throw new Error('cannot');
      });
      misdeeds.set('Referee destroyed', () => never);
      const closed = room.rooms.close(FinalRoom, 'r');
      await room.advance(999, { waitForHandlers: false });
      expect(journal).not.toContain('Scores destroyed');
      await room.advance(1, { waitForHandlers: false });
      expect(await closed).toBe(true);
      expect(journal.slice(-4)).toEqual(DESTROYED);
      expect(said(errors)).toEqual([
        'FinalRoom.onModuleDestroy in room "r": cannot',
        expect.stringMatching(/Referee\.onModuleDestroy has not finished in 1000 ms/),
      ]);
      await room.connect();
      expect(room.isRunning).toBe(true);
    });

    it('refuses the room when onModuleInit fails, and runs no @OnCreate', async () => {
      await room.rooms.close(FinalRoom, 'r');
      journal = [];
      misdeeds.set('Referee init', () => Promise.reject(new Error('no referee')));
      await expect(room.connect()).rejects.toMatchObject({ status: 503, body: { code: 'room_failed' } });
      expect(journal).not.toContain('create');
      expect(journal).toContain('Scores destroyed');
      misdeeds.clear();
      await room.connect();
    });

    it('destroys what was made too late, and runs no @OnCreate on it', async () => {
      await room.rooms.close(FinalRoom, 'r');
      journal = [];
      const { definition } = room.context.room as Room;
      let late!: () => void;
      const instantiate = jest.spyOn(definition, 'instantiate').mockImplementation(async (context) => {
        instantiate.mockRestore();
        await new Promise<void>((resolve) => (late = resolve));
        return definition.instantiate(context);
      });
      const failed = room.rooms.create(FinalRoom, 'late').catch((error: unknown) => error);
      await room.advance(1_000, { waitForHandlers: false });
      expect(await failed).toMatchObject({ code: 'handler_timeout' });
      late();
      await room.settle();
      expect(journal).toEqual(['FinalRoom destroyed', ...DESTROYED]);
    });
  });

  it('reaches a room that is still starting, when the application shuts down', async () => {
    misdeeds.set('create', () => never);
    const created = room.rooms.create(FinalRoom, 'hanging').catch((error: unknown) => error);
    await room.advance(0, { waitForHandlers: false });
    journal = [];
    await expect(room.close()).rejects.toThrow('"hanging": a handler that is still running');
    expect(await created).toBeDefined();
    expect(journal.filter((entry) => entry === 'Scores destroyed')).toHaveLength(2);
  });
});
