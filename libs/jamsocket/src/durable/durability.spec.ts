import { beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { MemoryStore } from '../store/memory-store.js';
import type { DueRoom } from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';
import { SeededRandom } from '../testing/seeded-random.js';
import { VirtualClock } from '../testing/time/virtual-clock.js';
import { Durability } from './durability.js';

const room = { service: 's', key: 'one' };

class AskedStore extends MemoryStore {
  answer: () => Promise<void> = async () => undefined;

  override async due(): Promise<readonly DueRoom[]> {
    await this.answer();
    return [];
  }
  override async claim(...claim: Parameters<MemoryStore['claim']>) {
    await this.answer();
    return super.claim(...claim);
  }
  override async describe() {
    await this.answer();
    return super.describe();
  }
}

describe('what a store is asked', () => {
  let clock: VirtualClock;
  let store: AskedStore;
  let durability: Durability;
  let failures: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    store = new AskedStore();
    failures = [];
    const observers = new JamsocketObservers();
    observers.add({
      storeFailed: (operation, error) => failures.push(`${operation}: ${(error as Error).message}`),
    });
    durability = new Durability(store, clock, new SeededRandom(1), observers);
  });

  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const fails = (error: Error) => () => Promise.reject(error);
  const hangs = () => new Promise<void>(() => undefined);

  async function advance(ms: number): Promise<void> {
    const until = clock.now() + ms;
    await settle();
    while (clock.runNext(until)) await settle();
    clock.moveTo(until);
  }

  it('counts as an outage when it does not answer, and no more when it does', async () => {
    store.answer = hangs;
    const asked = durability.due(['s'], 10).catch((error: Error) => error.message);
    expect(durability.outage).toBeUndefined();
    await advance(5_000);
    expect(await asked).toBe('The store has not answered in 5000 ms.');
    expect(durability.outage).toBe('The store does not answer: The store has not answered in 5000 ms.');
    store.answer = async () => undefined;
    await durability.due(['s'], 10);
    expect(durability.outage).toBeUndefined();
    expect(failures).toEqual(['due: The store has not answered in 5000 ms.']);
  });

  it('is an outage for each kind of question: a full disk can be read, and takes no new room', async () => {
    store.answer = fails(new Error('disk full'));
    await expect(durability.claim(room)).rejects.toThrow('disk full');
    store.answer = async () => undefined;
    await durability.due(['s'], 10);
    expect(durability.outage).toBe('The store does not answer: disk full');
    await durability.claim(room);
    expect(durability.outage).toBeUndefined();
  });

  it('is no outage when the record or the name of one room is at fault', async () => {
    for (const error of [new StoreError('record_unreadable', 'torn'), new RangeError('a NUL')]) {
      store.answer = fails(error);
      await expect(durability.claim(room)).rejects.toBe(error);
    }
    expect([durability.outage, failures]).toEqual([undefined, []]);
  });

  it('is answered with an error in time, also how durable it is', async () => {
    store.answer = hangs;
    const line = durability.describe().catch((error: Error) => error.message);
    await advance(5_000);
    expect(await line).toBe('The store has not answered in 5000 ms.');
  });

  it('is given back what it hands out when nobody waits for it any more: its last owner has not crashed', async () => {
    const { fence } = await store.claim(room, 'before');
    const write = { room, fence, owner: 'before', sequence: 1, parts: { base: Buffer.of(1) }, isRelease: true };
    await store.commit([write]);
    let answer!: () => void;
    store.answer = () => new Promise((resolve) => (answer = resolve));
    const claimed = durability.claim(room).catch((error: Error) => error.message);
    await advance(5_000);
    expect(await claimed).toBe('The store has not answered in 5000 ms.');
    answer();
    await settle();
    store.answer = async () => undefined;
    expect((await store.claim(room, 'next')).record).toMatchObject({ isReleased: true, sequence: 2 });
  });

  it('is closed in time, though it may hang', async () => {
    store.close = hangs;
    // A question that hangs is given up: its deadline would keep the process alive.
    store.answer = hangs;
    const asked = durability.claim(room).catch((error: Error) => error.message);
    const closed = durability.close().catch((error: Error) => error.message);
    expect(await asked).toBe('The process ends before the store has answered.');
    await advance(2_000);
    expect(await closed).toMatch('The store has not closed in 2000 ms');
    expect(clock.pending).toEqual([]);
  });
});
