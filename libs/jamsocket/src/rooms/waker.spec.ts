import { describe, expect, it, jest } from '@jest/globals';
import { RoomClosedError } from '../base/errors.js';
import type { Durability } from '../durable/durability.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { DueRoom } from '../store/room-store.js';
import { VirtualClock } from '../testing/time/virtual-clock.js';
import type { RoomRegistry } from './room-registry.js';
import { Waker } from './waker.js';

const dueRoom = (service: string, key: string, dueAt: number): DueRoom => ({ room: { service, key }, dueAt });

describe('rooms that are due', () => {
  it('are woken though there are thousands before them that cannot be, and only those of this application', async () => {
    const clock = new VirtualClock();
    const broken = Array.from({ length: 2_500 }, (_, index) => dueRoom('ledger', `${index}`, index));
    const all = [...broken, dueRoom('ledger', 'one', 9_000)];
    const asked: number[] = [];
    const due = jest.fn<Durability['due']>(async (_services, limit) => {
      asked.push(limit);
      return all.slice(0, limit);
    });
    const woken: string[] = [];
    const wake: RoomRegistry['wake'] = async (_definition, { key }) => {
      if (key !== 'one') throw new RoomClosedError(key, { code: 1000, reason: 'over' });
      woken.push(key);
      all.pop();
    };
    const ledger = { service: 'ledger', paramNames: ['room'], options: { durable: {} } } as unknown as RoomDefinition;
    const plain = { service: 'plain', paramNames: ['room'], options: { durable: false } } as unknown as RoomDefinition;
    const waker = new Waker(
      { due } as unknown as Durability,
      { isTaken: () => false, wake } as unknown as RoomRegistry,
      [ledger, plain],
      clock,
    );
    await waker.wakeDue();
    expect(woken).toEqual(['one']);
    expect(due.mock.calls[0][0]).toEqual(['ledger']);
    // What waits for another try is forgotten then.
    all.length = 0;
    clock.moveTo(31_000);
    await waker.wakeDue();
    expect([Math.max(...asked), asked.at(-1)]).toEqual([3_000, 1_000]);
  });
});
