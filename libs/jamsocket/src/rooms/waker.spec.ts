import { describe, expect, it, jest } from '@jest/globals';
import type { Durability } from '../durable/durability.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { DueRoom } from '../store/room-store.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { RoomRegistry } from './room-registry.js';
import { Waker } from './waker.js';

const dueRoom = (service: string, key: string, dueAt: number): DueRoom => ({ room: { service, key }, dueAt });

describe('rooms that are due', () => {
  it('are woken though there are thousands before them that this application does not know', async () => {
    const clock = new VirtualClock();
    const others = Array.from({ length: 2_500 }, (_, index) => dueRoom('of another', `${index}`, index));
    const all = [...others, dueRoom('ledger', 'one', 9_000)];
    const asked: number[] = [];
    const due = async (limit: number) => {
      asked.push(limit);
      return all.slice(0, limit);
    };
    const woken = jest.fn<RoomRegistry['wake']>(async () => void all.pop());
    const ledger = { service: 'ledger', paramNames: ['room'], options: { durable: {} } } as unknown as RoomDefinition;
    const waker = new Waker(
      { due } as unknown as Durability,
      { isTaken: () => false, wake: woken } as unknown as RoomRegistry,
      [ledger],
      clock,
    );
    await waker.wakeDue();
    expect(woken).toHaveBeenCalledTimes(1);
    expect(woken).toHaveBeenCalledWith(ledger, expect.objectContaining({ key: 'one' }));
    // What waits for another try is forgotten then.
    all.length = 0;
    clock.moveTo(31_000);
    await waker.wakeDue();
    expect([Math.max(...asked), asked.at(-1)]).toEqual([3_000, 1_000]);
  });
});
