import { describe, expect, it } from '@jest/globals';
import { MemoryStore, type ClaimRequest, type RoomStore, type RoomWrite } from 'nestjs-jamsocket';
import { describeRoomStore, type StoreFaults } from 'nestjs-jamsocket/testing';

/** Runs the suite with a store, and gives the name of the first test that fails. */
async function firstFailure(store: () => RoomStore, faults?: StoreFaults): Promise<string | undefined> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const framework = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string, body: () => Promise<void>) => tests.push({ name, body }),
    expect,
  };
  describeRoomStore('a store', { open: store, isPrivate: true, faults }, framework);
  for (const { name, body } of tests) {
    try {
      await body();
    } catch {
      return name;
    }
  }
  return undefined;
}

/** A store in memory whose writes are changed on their way. */
class FlawedStore extends MemoryStore {
  constructor(private readonly flaw: (write: RoomWrite, last: RoomWrite | undefined) => RoomWrite | undefined) {
    super();
  }
  readonly #last = new Map<string, RoomWrite>();

  override async commit(writes: readonly RoomWrite[]) {
    const changed = writes.map((write) => this.flaw(write, this.#last.get(write.room.key)) ?? write);
    const outcomes = await super.commit(changed);
    changed.forEach((write, at) => outcomes[at] === 'done' && this.#last.set(write.room.key, write));
    return outcomes;
  }
}

/** Refuses commits when a test says so. */
class FailingStore extends MemoryStore {
  isFailing = false;

  constructor(private readonly isTorn: boolean) {
    super();
  }

  override async commit(writes: readonly RoomWrite[]) {
    if (!this.isFailing) return super.commit(writes);
    // Without the segments, the repetition counts as done.
    if (this.isTorn) await super.commit(writes.map((write) => ({ ...write, segments: [] })));
    throw new Error('the disk is full');
  }
}

type Flaw = () => RoomStore;

const override =
  (change: Partial<RoomStore>): Flaw =>
  () =>
    Object.assign(new MemoryStore(), change);

const FLAWS: Readonly<Record<string, Flaw>> = {
  'takes any owner': () => new FlawedStore((write, last) => last && { ...write, owner: last.owner }),
  'takes any fence': () => new FlawedStore((write, last) => last && { ...write, fence: last.fence }),
  'applies a retry again': () => new FlawedStore((write, last) => last && { ...write, sequence: last.sequence + 1 }),
  'forgets keepFrom': () => new FlawedStore((write) => ({ ...write, keepFrom: 0 })),
  'forgets a release': () => new FlawedStore((write) => ({ ...write, isRelease: false })),
  'forgets when a room is due': () => new FlawedStore((write) => ({ ...write, dueAt: null })),
  'never deletes': () => new FlawedStore((write) => ({ ...write, isDelete: false })),
  'appends one segment': () => new FlawedStore((write) => ({ ...write, segments: (write.segments ?? []).slice(0, 1) })),
  'changes the bytes': () =>
    new FlawedStore((write) => {
      for (const bytes of Object.values(write.parts ?? {})) bytes[0] ^= 1;
      return undefined;
    }),
  'answers in another order': () => {
    const store = new MemoryStore();
    const commit = store.commit.bind(store);
    return Object.assign(store, {
      commit: async (writes: readonly RoomWrite[]) => [...(await commit(writes))].reverse(),
    });
  },
  'lets commits overtake each other': () => {
    const store = new MemoryStore();
    const commit = store.commit.bind(store);
    let count = 0;
    return Object.assign(store, {
      commit: async (writes: readonly RoomWrite[]) => {
        if (++count % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        return commit(writes);
      },
    });
  },
  'has no error when it is closed': override({ close: async () => undefined }),
  'has every room': override({ has: async () => true }),
  'finds what is due of any service': () => {
    const store = new MemoryStore();
    const due = store.due.bind(store);
    return Object.assign(store, {
      due: (before: number, limit: number, except: readonly string[], services: readonly string[]) =>
        due(before, limit, except, [...services, 'chat']),
    });
  },
  'mixes up the rooms that it claims together': () => {
    const store = new MemoryStore();
    return Object.assign(store, {
      claimAll: async (claims: readonly ClaimRequest[]) =>
        Promise.all([...claims].reverse().map(({ room, owner, minFence }) => store.claim(room, owner, minFence))),
    });
  },
  'does not leave out owners': () => {
    const store = new MemoryStore();
    const due = store.due.bind(store);
    return Object.assign(store, {
      due: (before: number, limit: number, _except: readonly string[], services: readonly string[]) =>
        due(before, limit, [], services),
    });
  },
};

describe('describeRoomStore', () => {
  it.each(Object.entries(FLAWS))('notices a store that %s', async (_name, flaw) => {
    expect(await firstFailure(flaw)).toEqual(expect.any(String));
  });

  it.each([
    ['keeps what it was asked', false, undefined],
    [
      'applies a part of a batch that it rejects, and has it',
      true,
      'loses nothing to a database that refuses writes once',
    ],
  ])('looks at a store that fails and %s', async (_name, isTorn, failure) => {
    const stores: FailingStore[] = [];
    const open = () => (stores.push(new FailingStore(isTorn)), stores.at(-1)!);
    const begin = async () => {
      stores.at(-1)!.isFailing = true;
      return () => (stores.at(-1)!.isFailing = false);
    };
    expect(await firstFailure(open, { refuse: begin })).toBe(failure);
  });

  it('needs a framework', () => {
    const { describe: kept } = globalThis as { describe?: unknown };
    Object.assign(globalThis, { describe: undefined });
    try {
      expect(() => describeRoomStore('x', { open: () => new MemoryStore() })).toThrow('There are no global describe');
    } finally {
      Object.assign(globalThis, { describe: kept });
    }
  });
});
