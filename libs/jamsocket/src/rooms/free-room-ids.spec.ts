import { describe, expect, it } from '@jest/globals';
import { RefusedError } from '../base/errors.js';
import { SystemRandom } from '../base/sources.js';
import type { RoomAddress } from '../members/room-address.js';
import type { RoomIds } from '../options/options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { FreeRoomIds } from './free-room-ids.js';
import { JamsocketRooms } from './jamsocket-rooms.js';
import type { RoomCalls } from './room-calls.js';
import { roomIdSource } from './room-ids.js';
import type { RoomRegistry } from './room-registry.js';

const COUNT = 26 ** 3;

class Taken {
  readonly ids = new Set<string>();
  stops = 0;
  asked = 0;

  isTaken(_definition: unknown, key: string): boolean {
    this.asked++;
    return this.ids.has(key);
  }

  countOf(): number {
    return this.ids.size;
  }

  stop(id: string): void {
    this.ids.delete(id);
    this.stops++;
  }
}

function idsInTurn(...ids: string[]): () => string {
  return () => ids.shift()!;
}

function idsOf(roomIds: RoomIds) {
  const taken = new Taken();
  const definition = {
    ids: roomIdSource(roomIds, new SystemRandom()),
    type: { name: 'ChatRoom' },
    paramNames: ['room'],
    options: { limits: { maxRoomIdLength: 128 } },
  } as unknown as RoomDefinition;
  const free = new FreeRoomIds(taken);
  const create = () => {
    const id = free.next(definition);
    taken.ids.add(id);
    return id;
  };
  return { taken, create, definition };
}

describe('free room ids', () => {
  it('are found down to the last one, and again when rooms have stopped', () => {
    const { taken, create } = idsOf('short3');
    // A room with an id of another form uses up none of them.
    taken.ids.add('lobby');
    const all = Array.from({ length: COUNT }, create);
    expect(new Set(all).size).toBe(COUNT);
    expect(create).toThrow(`ChatRoom: all ${COUNT} ids are in use.`);
    const freed = [all[5_000], all[17_000], all[3]];
    for (const id of freed) taken.stop(id);
    expect([create(), create(), create()].sort()).toEqual(freed.sort());
    expect(create).toThrow(expect.objectContaining({ code: 'too_many_rooms', status: 503 }));
  });

  it('are not looked for again before a room has stopped', () => {
    const { taken, create } = idsOf('short3');
    for (let n = 0; n < COUNT; n++) create();
    expect(create).toThrow('in use');
    const { asked } = taken;
    expect(create).toThrow('in use');
    expect(taken.asked).toBe(asked);
    taken.stop([...taken.ids][7]);
    create();
  });

  it("of the application's own generator are asked for a hundred times", () => {
    const { taken, create } = idsOf(() => 'always the same');
    create();
    expect(create).toThrow('the function of the option roomIds returned 100 ids in a row that are in use');
    taken.stop('always the same');
    expect(create()).toBe('always the same');
  });

  it('that was given to another room while guards were asked is followed by the next one', async () => {
    const { taken, definition } = idsOf(idsInTurn('one', 'one', 'two'));
    const registry = Object.assign(taken, {
      create(_definition: unknown, { key }: RoomAddress) {
        if (taken.ids.has(key)) return Promise.reject(new RefusedError(409, 'room_exists', key));
        taken.ids.add(key);
        return Promise.resolve({ address: { roomId: key } });
      },
    });
    const rooms = new JamsocketRooms(
      registry as unknown as RoomRegistry,
      new Map(),
      registry as unknown as RoomCalls,
      null!,
    );
    const asked = () => new Promise<void>((resolve) => setImmediate(resolve));
    const create = (room?: string) => rooms.createIn(definition, room, asked);
    const made = await Promise.all([create(), create()]);
    expect(made.map(({ address }) => address.roomId)).toEqual(['one', 'two']);
    await expect(create('one')).rejects.toMatchObject({ code: 'room_exists' });
  });

  it.each<[unknown, string]>([
    [undefined, 'is of type undefined'],
    [Promise.resolve('x'), 'is of type object'],
    ['', 'is empty'],
    ['..', 'which a URL cannot carry'],
  ])('must be ids: %p is a mistake of the application', (id, mistake) => {
    expect(idsOf(() => id as string).create).toThrow(
      expect.objectContaining({ code: 'bad_configuration', message: expect.stringContaining(mistake) }),
    );
  });
});
