import type { RoomStore, RoomWrite } from '../../store/room-store.js';
import { readRecord, RoomWriter, segment, toBytes } from './room-writer.js';
import type { StoreFaults, Suite } from './suite.js';

const ROOMS = ['one', 'two', 'three'].map((key) => ({ service: 'chat', key }));
const FAULTS: readonly (keyof StoreFaults)[] = ['refuse', 'hang'];
/** How long a database that hangs is left alone. */
const HANGS_MS = 300;

/** What happens to a store whose database fails. The implementation says how to make it fail; what it cannot do is skipped. */
export function faultCases({ test, expect, options, name }: Suite): void {
  const missing = FAULTS.filter((fault) => options.faults?.[fault] === undefined);
  if (missing.length > 0 && options.isPrivate !== true)
    process.stderr.write(
      `SKIPPED: the tests of ${name} for which faults.${missing.join(' and faults.')} is not given.\n`,
    );
  const faulty = (fault: keyof StoreFaults, title: string, body: (faults: Broken) => Promise<void>) => {
    const breakIt = options.faults?.[fault]?.bind(options.faults);
    if (breakIt === undefined) return;
    test(title, async (store, database) => {
      const writers = await Promise.all(ROOMS.map((room) => RoomWriter.claim(store, room)));
      const next = (text: string, number: number) => writers.map((writer) => writer.next(changeOf(text, number)));
      expect(await store.commit(next('kept', 1))).toEqual(ROOMS.map(() => 'done'));
      let mend: (() => unknown) | undefined = await breakIt(database);
      const mended = async () => {
        await mend?.();
        mend = undefined;
      };
      try {
        await body({ store, next, mended });
      } finally {
        await mended();
      }
    });
  };

  const allAre = async (store: RoomStore, text: string, log: readonly string[]) => {
    for (const room of ROOMS)
      expect(await readRecord(store, room)).toEqual({ parts: { base: text, state: text }, log, sequence: log.length });
  };

  faulty('refuse', 'loses nothing to a database that refuses writes once', async ({ store, next, mended }) => {
    const batch = next('new', 2);
    expect(await isRejected(store.commit(batch))).toBe(true);
    await mended();
    expect(await repeated(store, batch)).toEqual(ROOMS.map(() => 'done'));
    await allAre(store, 'new', ['1:kept', '2:new']);
  });

  faulty('refuse', 'keeps what it has while its database refuses all writes', async ({ store, next, mended }) => {
    const batch = next('new', 2);
    const tries = [];
    for (let round = 0; round < 5; round++) tries.push(await isRejected(store.commit(batch)));
    expect(tries).toEqual([true, true, true, true, true]);
    // A claim is a write, too: it must not answer as if there were no record.
    const claim = await store.claim(ROOMS[0], 'a').catch(() => undefined);
    expect(claim === undefined || claim.record !== undefined).toBe(true);
    await mended();
    await untilAnswered(() => store.has(ROOMS[0]));
    await allAre(store, 'kept', ['1:kept']);
  });

  faulty('hang', 'goes on after a database that did not answer', async ({ store, next, mended }) => {
    const batch = next('new', 2);
    const first = store.commit(batch).catch(() => 'rejected');
    await new Promise((resolve) => setTimeout(resolve, HANGS_MS));
    await mended();
    // It was applied or not, and it settles; a repetition must not apply it twice.
    await first;
    expect(await repeated(store, batch)).toEqual(ROOMS.map(() => 'done'));
    await allAre(store, 'new', ['1:kept', '2:new']);
  });
}

interface Broken {
  readonly store: RoomStore;
  /** A write for each room. */
  readonly next: (text: string, number: number) => RoomWrite[];
  /** Ends the fault. */
  readonly mended: () => Promise<void>;
}

function changeOf(text: string, number: number) {
  return { parts: { base: toBytes(text), state: toBytes(text) }, segments: [segment(number, text)] };
}

async function isRejected(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}

/** As the library repeats a commit. */
function repeated(store: RoomStore, batch: readonly RoomWrite[]): Promise<unknown> {
  return untilAnswered(() => store.commit(batch));
}

/** A store may need a moment to notice that its database is back. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
