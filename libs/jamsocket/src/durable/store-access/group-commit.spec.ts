import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RoomStore, RoomWrite, WriteOutcome } from '../../store/room-store.js';
import { VirtualClock } from '../../testing/time/virtual-clock.js';
import type { CommitSource } from './commit-source.js';
import { GroupCommit } from './group-commit.js';

type Answer = (writes: readonly RoomWrite[]) => Promise<readonly WriteOutcome[]>;

const done: Answer = async (writes) => writes.map(() => 'done');
const fails: Answer = () => Promise.reject(new Error('disk full'));
const hangs: Answer = () => new Promise(() => undefined);

/** A room that has one more change to write with each call of `change`. */
class FakeRoom implements CommitSource {
  isOver = false;
  isInTurn = false;
  waits = 0;
  readonly outcomes: WriteOutcome[] = [];
  #writing = false;
  #changes = 0;
  #sequence = 0;

  constructor(
    readonly key: string,
    private readonly commits: GroupCommit,
  ) {}

  change(): void {
    this.#changes++;
    this.commits.add(this);
  }

  takeWrite(): RoomWrite | undefined {
    if (this.#writing || this.#changes === 0 || this.isInTurn) return undefined;
    this.#changes = 0;
    this.#writing = true;
    return { room: { service: 's', key: this.key }, fence: 1, owner: 'o', sequence: ++this.#sequence };
  }

  written(outcome: WriteOutcome): void {
    this.#writing = false;
    this.outcomes.push(outcome);
    if (this.#changes > 0) this.commits.add(this);
  }

  isWaiting(): void {
    this.waits++;
  }
}

describe('commits of all rooms together', () => {
  let clock: VirtualClock;
  let answers: Answer[];
  let otherwise: Answer;
  let batches: string[][];
  let log: string[];
  let commits: GroupCommit;

  beforeEach(() => {
    clock = new VirtualClock();
    answers = [];
    otherwise = done;
    batches = [];
    log = [];
    const store = {
      commit: (writes: readonly RoomWrite[]) => {
        batches.push(writes.map(({ room, sequence }) => `${room.key}${sequence}`));
        return (answers.shift() ?? otherwise)(writes);
      },
    } as RoomStore;
    commits = new GroupCommit(store, clock, {
      committed: (writes) => log.push(`committed ${writes.length}`),
      failed: (error) => log.push(`failed ${(error as Error | null)?.message}`),
      recovered: () => log.push('recovered'),
    });
  });

  const room = (key: string) => new FakeRoom(key, commits);

  /** Lets everything happen that needs no time on the clock. */
  async function settle(): Promise<void> {
    for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
  }

  async function advance(ms: number): Promise<void> {
    const until = clock.now() + ms;
    await settle();
    while (clock.runNext(until)) await settle();
    clock.moveTo(until);
  }

  it('go in one batch, and what is changed meanwhile in the next', async () => {
    const rooms = ['a', 'b', 'c'].map(room);
    let finish!: () => void;
    answers = [(writes) => new Promise((resolve) => (finish = () => resolve(writes.map(() => 'done'))))];
    for (const each of rooms) each.change();
    await settle();
    rooms[0].change();
    rooms[2].change();
    await settle();
    expect(batches).toEqual([['a1', 'b1', 'c1']]);
    finish();
    await settle();
    expect(batches).toEqual([
      ['a1', 'b1', 'c1'],
      ['a2', 'c2'],
    ]);
    expect(rooms.map(({ outcomes }) => outcomes.length)).toEqual([2, 1, 2]);
    expect(log).toEqual(['committed 3', 'committed 2']);
  });

  it('leave out a room that is in the middle of a turn', async () => {
    const [a, b] = ['a', 'b'].map(room);
    a.isInTurn = true;
    a.change();
    b.change();
    await settle();
    a.isInTurn = false;
    a.change();
    await settle();
    expect(batches).toEqual([['b1'], ['a1']]);
  });

  it('are tried again when the store fails once, and count as done only then', async () => {
    const a = room('a');
    answers = [fails];
    a.change();
    await advance(49);
    expect([a.outcomes, a.waits, commits.failure]).toEqual([[], 1, new Error('disk full')]);
    await advance(1);
    expect([a.outcomes, commits.failure]).toEqual([['done'], undefined]);
    expect(log).toEqual(['failed disk full', 'committed 1', 'recovered']);
  });

  it('tell rooms that they wait, also those whose writes a store that hangs has not been given', async () => {
    const [a, b] = ['a', 'b'].map(room);
    answers = [hangs];
    a.change();
    await advance(5_000);
    b.change();
    await advance(4_999);
    expect([a.waits, b.waits]).toEqual([0, 0]);
    await advance(1);
    expect([a.waits, b.waits, batches]).toEqual([1, 1, [['a1']]]);
  });

  it('count as failed when the store hangs, and a late answer changes nothing', async () => {
    const a = room('a');
    let late!: () => void;
    answers = [(writes) => new Promise((resolve) => (late = () => resolve(writes.map(() => 'fenced'))))];
    a.change();
    await advance(9_999);
    expect([a.waits, commits.waitingMs]).toEqual([0, 9_999]);
    await advance(100);
    expect(a.outcomes).toEqual(['done']);
    late();
    await settle();
    expect([a.outcomes, commits.waitingMs]).toEqual([['done'], 0]);
  });

  it('wait for a store that fails for ever, less and less often, and tell the rooms each time', async () => {
    otherwise = fails;
    const a = room('a');
    a.change();
    await advance(60_000);
    expect(a.outcomes).toEqual([]);
    expect(a.waits).toBe(batches.length);
    // 50 ms, doubled up to 2 s.
    expect(batches.length).toBeGreaterThan(30);
    expect(batches.length).toBeLessThan(40);
    otherwise = done;
    await advance(2_000);
    expect(a.outcomes).toEqual(['done']);
  });

  it('take no harm from one write that the store cannot take, alone or among many', async () => {
    const poisoned: Answer = (writes) =>
      writes.some(({ room: { key } }) => key === 'bad') ? Promise.reject(new Error('too large')) : done(writes);
    otherwise = poisoned;
    const bad = room('bad');
    bad.change();
    await advance(1_000);
    const others = Array.from({ length: 40 }, (_, index) => room(`r${index}`));
    for (const each of others) each.change();
    await advance(5_000);
    expect(others.map(({ outcomes }) => outcomes)).toEqual(others.map(() => ['done']));
    expect(bad.outcomes).toEqual([]);
    for (const each of others) each.change();
    await advance(0);
    expect(others.map(({ outcomes }) => outcomes.length)).toEqual(others.map(() => 2));
    otherwise = done;
    await advance(2_000);
    expect(bad.outcomes).toEqual(['done']);
  });

  it('do not try each of many writes alone while the store is away', async () => {
    otherwise = fails;
    const rooms = Array.from({ length: 1_000 }, (_, index) => room(`r${index}`));
    for (const each of rooms) each.change();
    await advance(10_000);
    expect(batches.length).toBeLessThan(150);
    otherwise = done;
    await advance(2_000);
    expect(rooms.every(({ outcomes }) => outcomes.join() === 'done')).toBe(true);
  });

  it('keep the order of what one room writes, whatever fails', async () => {
    const [a, b] = ['a', 'b'].map(room);
    otherwise = (writes) => (batches.length % 3 === 0 ? done(writes) : fails(writes));
    for (let change = 0; change < 6; change++) {
      a.change();
      if (change % 2 === 0) b.change();
      await advance(5_000);
    }
    otherwise = done;
    await advance(5_000);
    for (const key of ['a', 'b']) {
      const sequences = batches
        .flat()
        .filter((write) => write.startsWith(key))
        .map((write) => Number(write.slice(1)));
      expect(sequences).toEqual([...sequences].sort((first, second) => first - second));
      expect(new Set(sequences).size).toBe(sequences.at(-1));
    }
  });

  it('let go of a room that is over, and of everything at the end', async () => {
    otherwise = fails;
    const [a, b] = ['a', 'b'].map(room);
    a.change();
    b.change();
    await advance(40);
    a.isOver = true;
    await advance(20);
    expect(batches).toEqual([['a1', 'b1'], ['b1']]);
    commits.stop();
    await settle();
    expect(clock.pending).toEqual([]);
  });

  it('fail when the store answers for another number of writes, with no outcomes, or not with a list', async () => {
    answers = [
      async () => [],
      async () => [undefined as never],
      async () => ['ok' as never],
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      () => Promise.reject(null),
      async () => undefined as never,
      () => {
        throw new Error('at once');
      },
    ];
    const a = room('a');
    a.change();
    await advance(10_000);
    expect(a.outcomes).toEqual(['done']);
    expect(log.filter((line) => line.startsWith('failed'))).toHaveLength(6);
  });

  it('hang for ever without keeping more than the retries under way', async () => {
    otherwise = hangs;
    const a = room('a');
    a.change();
    await advance(60_000);
    expect(batches.length).toBeLessThanOrEqual(7);
    expect(commits.waitingMs).toBe(60_000);
  });

  it('are given up when the process ends: a store that hangs must not keep it alive', async () => {
    const room = new FakeRoom('a', commits);
    answers = [hangs];
    room.change();
    await settle();
    expect(clock.pending).toHaveLength(1);
    commits.stop();
    await settle();
    expect([clock.pending, log, room.outcomes]).toEqual([[], [], []]);
  });
});
