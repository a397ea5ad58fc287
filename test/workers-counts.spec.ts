import { describe, expect, it } from '@jest/globals';
import type { SharedCounts, Wanted } from '../libs/jamsocket/src/base/limits/shared-counts.js';
import { SharedPlaces } from '../libs/jamsocket/src/base/limits/shared-counts.js';
import { RunPermit } from '../libs/jamsocket/src/cluster/run-permit.js';
import { RoomOwnership } from '../libs/jamsocket/src/node/room-ownership.js';
import { ChannelCalls } from '../libs/jamsocket/src/workers/channel/channel-calls.js';
import { ChannelCounts } from '../libs/jamsocket/src/workers/channel/channel-counts.js';
import { CountsServer } from '../libs/jamsocket/src/workers/channel/counts-server.js';
import type { Ask, Channel, ToWorker } from '../libs/jamsocket/src/workers/messages.js';

let now = 0;

/** The counts of a worker, over a channel that speaks JSON as that of a process does. */
function countsOf(server: CountsServer, worker: number): SharedCounts {
  const listeners = new Set<(message: ToWorker) => void>();
  const channel: Channel = {
    send: async (message) => {
      const ask = JSON.parse(JSON.stringify(message)) as Ask;
      const answer = JSON.parse(JSON.stringify(server.answer(worker, ask))) as ToWorker;
      setImmediate(() => listeners.forEach((listener) => listener(answer)));
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return new ChannelCounts(new ChannelCalls(channel));
}

describe('what the workers count together', () => {
  it('holds for all of them: all that is wanted is counted, or nothing', async () => {
    const server = new CountsServer();
    const [one, two] = [countsOf(server, 1), countsOf(server, 2)];
    const wanted: Wanted[] = [
      { name: 'all', max: 3 },
      { name: 'some', max: 2 },
    ];
    expect(await one.add(wanted)).toBeUndefined();
    expect(await two.add(wanted)).toBeUndefined();
    expect(await one.add(wanted)).toEqual({ name: 'some', max: 2 });
    expect([server.of('all'), server.of('some')]).toEqual([2, 2]);
    one.remove(['all', 'some']);
    expect(await two.add(wanted)).toBeUndefined();
    expect(await two.add([{ name: 'all', max: Infinity }, { name: 'some' }])).toBeUndefined();
    expect([server.of('all'), server.of('some')]).toEqual([3, 3]);
  });

  it('loses what a worker has counted when that worker ends', async () => {
    const server = new CountsServer();
    const [one, two] = [countsOf(server, 1), countsOf(server, 2)];
    for (let n = 0; n < 3; n++) await one.add([{ name: 'all', max: 4 }]);
    await two.add([{ name: 'all', max: 4 }]);
    expect(await two.add([{ name: 'all', max: 4 }])).toBeDefined();
    server.ended(1);
    expect(server.of('all')).toBe(1);
    server.ended(1);
    server.ended(2);
    expect(server.of('all')).toBe(0);
  });

  it('shares the rate of an address', async () => {
    now = 0;
    const server = new CountsServer(() => now);
    const [one, two] = [countsOf(server, 1), countsOf(server, 2)];
    const limit = { rate: 1, burst: 2 };
    expect([await one.take('a', limit), await two.take('a', limit)]).toEqual([true, true]);
    expect([await one.take('a', limit), await two.take('a', limit), await one.take('b', limit)]).toEqual([
      false,
      false,
      true,
    ]);
    now = 1_000;
    expect([await two.take('a', limit), await one.take('a', limit)]).toEqual([true, false]);
  });

  it('counts places that are kept for resume as connections', async () => {
    const server = new CountsServer();
    const [one, two] = [new SharedPlaces(countsOf(server, 1)), new SharedPlaces(countsOf(server, 2))];
    one.add('10.0.0.1');
    two.add('10.0.0.1');
    two.add('10.0.0.2');
    expect([server.of('connections'), server.of('connections of 10.0.0.1')]).toEqual([3, 2]);
    two.remove('10.0.0.1');
    expect([one.total, two.total, server.of('connections')]).toEqual([1, 1, 2]);
  });
});

describe('the rooms of the machine', () => {
  const room = (key: string, service = 'board') => ({ service, key });

  function ownership(server: CountsServer, worker: number, ofAll: number, of = Infinity) {
    const node = {
      permit: new RunPermit(),
      claimed: [] as string[],
      error: null as Error | null,
      /** What the next claim waits for. */
      directory: Promise.resolve(),
      claim: async ({ key }: { key: string }) => {
        if (node.error !== null) throw node.error;
        await node.directory;
        node.claimed.push(key);
      },
      release: async ({ key }: { key: string }) => {
        node.claimed = node.claimed.filter((claimed) => claimed !== key);
      },
    };
    return { node, rooms: new RoomOwnership(node, countsOf(server, worker), { ofAll, of: () => of }) };
  }

  it('are limited all together and by service, and count once each', async () => {
    const server = new CountsServer();
    const [one, two] = [ownership(server, 1, 3, 2), ownership(server, 2, 3, 2)];
    await one.rooms.claim(room('a'), false);
    await two.rooms.claim(room('b'), false);
    await expect(one.rooms.claim(room('c'), false)).rejects.toMatchObject({ code: 'too_many_rooms' });
    await one.rooms.claim(room('c', 'other'), false);
    await expect(two.rooms.claim(room('d', 'other'), false)).rejects.toMatchObject({ code: 'too_many_rooms' });
    expect(one.node.claimed).toEqual(['a', 'c']);
    await two.rooms.release(room('b'));
    await two.rooms.release(room('b'));
    await one.rooms.release(room('unknown'));
    expect(server.of('rooms')).toBe(2);
    await two.rooms.claim(room('d'), false);
  });

  it('let a room come from another worker however many there are', async () => {
    const server = new CountsServer();
    const [one, two] = [ownership(server, 1, 1), ownership(server, 2, 1)];
    await one.rooms.claim(room('a'), false);
    await two.rooms.claim(room('a'), true);
    await one.rooms.release(room('a'));
    expect(server.of('rooms')).toBe(1);
  });

  it('count none that could not be claimed, or was abandoned meanwhile', async () => {
    const server = new CountsServer();
    const { node, rooms } = ownership(server, 1, 1);
    node.error = new Error('elsewhere');
    await expect(rooms.claim(room('a'), false)).rejects.toThrow('elsewhere');
    node.error = null;
    const claiming = rooms.claim(room('a'), false);
    await rooms.release(room('a'));
    await claiming;
    expect(server.of('rooms')).toBe(0);
  });

  it('are not claimed for an instance that was abandoned before it was counted', async () => {
    const { node, rooms } = ownership(new CountsServer(), 1, 1);
    const claiming = rooms.claim(room('a'), false);
    await rooms.release(room('a'));
    await claiming;
    expect(node.claimed).toEqual([]);
  });

  it.each([Infinity, 9])(
    'are given back if the instance is abandoned while it is claimed, with maxRooms %d',
    async (ofAll) => {
      const server = new CountsServer();
      const { node, rooms } = ownership(server, 1, ofAll);
      let answer!: () => void;
      node.directory = new Promise((resolve) => (answer = resolve));
      const first = rooms.claim(room('a'), false);
      // The claim is counted by now, and on its way to the directory.
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      await rooms.release(room('a'));
      answer();
      await first;
      expect([node.claimed, server.of('rooms')]).toEqual([[], 0]);
    },
  );

  it('leave a later instance at the address what it has claimed and counted', async () => {
    const server = new CountsServer();
    const { node, rooms } = ownership(server, 1, 9);
    let answer!: () => void;
    node.directory = new Promise((resolve) => (answer = resolve));
    const first = rooms.claim(room('a'), false);
    await rooms.release(room('a'));
    const second = rooms.claim(room('a'), false);
    answer();
    await Promise.all([first, second]);
    expect([node.claimed, server.of('rooms')]).toEqual([['a'], 1]);
    await rooms.release(room('a'));
    expect([node.claimed, server.of('rooms')]).toEqual([[], 0]);
  });
});
