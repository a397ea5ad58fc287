import { MemoryStore } from '../../store/memory-store.js';
import type { RoomStore } from '../../store/room-store.js';
import { SeededRandom } from '../seeded-random.js';
import { readRecord, RoomWriter, segment, toBytes, type Change } from './room-writer.js';
import { codeOf } from '../framework/test-framework.js';
import type { Suite } from './suite.js';

const ROOMS = ['x', 'y', 'z'].map((key) => ({ service: 'model', key }));
const STEPS = 400;

/** Writers of the same room in both stores, which must give the same answers. */
interface Pair {
  readonly tested: RoomWriter;
  readonly model: RoomWriter;
}

export function modelCases({ test, expect }: Suite): void {
  test('does what the store in memory does, in a random order', async (store) => {
    const model = new MemoryStore();
    const random = new SeededRandom(18);
    const pick = (below: number) => random.uint32() % below;
    const pairs: Pair[] = [];
    for (let step = 0; step < STEPS; step++) {
      const room = ROOMS[pick(ROOMS.length)];
      if (pairs.length === 0 || pick(6) === 0) {
        const owner = `owner${pick(3)}`;
        pairs.unshift({
          tested: await RoomWriter.claim(store, room, owner),
          model: await RoomWriter.claim(model, room, owner),
        });
        expect(plain(pairs[0].tested)).toEqual(plain(pairs[0].model));
        pairs.splice(8);
        continue;
      }
      const { tested, model: other } = pairs[pick(pairs.length)];
      const change = randomChange(step, pick);
      expect(`${step} ${await tested.commit(change)}`).toBe(`${step} ${await other.commit(change)}`);
      const except = pick(2) === 0 ? ['owner1'] : [];
      expect(await dueOf(store, except)).toEqual(await dueOf(model, except));
    }
    expect((await store.list('model', 9)).map(({ key }) => key).sort()).toEqual(
      (await model.list('model', 9)).map(({ key }) => key).sort(),
    );
    for (const room of ROOMS) expect(await readRecord(store, room)).toEqual(await readRecord(model, room));
    await model.close();
    expect(await codeOf(model.list('model', 1))).toBe('store_closed');
  });
}

function randomChange(step: number, pick: (below: number) => number): Change {
  const kind = pick(20);
  if (kind === 0) return { isDelete: true };
  const change: Change = {
    ...(pick(2) === 0 && { parts: { [['base', 'state'][pick(2)]]: toBytes(`${step}`) } }),
    ...(pick(2) === 0 && { segments: [segment(step * 2, 'even'), segment(step * 2 + 1, 'odd')] }),
    ...(pick(3) === 0 && { keepFrom: Math.max(0, step * 2 - pick(40)) }),
    ...(pick(3) === 0 && { dueAt: pick(4) === 0 ? null : pick(100) }),
  };
  return kind === 1 ? { ...change, isRelease: true } : change;
}

function plain({ record }: RoomWriter): unknown {
  if (record === undefined) return undefined;
  const parts = Object.entries(record.parts).map(([name, bytes]) => `${name} ${Buffer.from(bytes).toString('hex')}`);
  return [record.sequence, parts.sort(), record.segments.map(({ number, bytes }) => `${number} ${bytes.length}`)];
}

async function dueOf(store: RoomStore, except: readonly string[]): Promise<readonly string[]> {
  return (await store.due(80, 9, except, ['model'])).map(({ room, dueAt }) => `${dueAt} ${room.key}`).sort();
}
