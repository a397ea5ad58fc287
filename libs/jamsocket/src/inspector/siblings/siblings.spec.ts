import { describe, expect, it } from '@jest/globals';
import { Siblings } from '../../node/siblings.js';
import { JamsocketObservers } from '../../observe/jamsocket-observers.js';
import { Inspection, type InspectionParts } from '../inspection.js';
import type { RoomRow } from '../inspector-events.js';
import { Viewer } from '../viewer.js';
import { CollectedPage, type PageStream, type SiblingQuestion } from './sibling-page.js';
import { SiblingReadings } from './sibling-readings.js';

const row = (key: string, node?: string) => ({ key, node }) as unknown as RoomRow;
const tick = () => new Promise(setImmediate);

describe('an inspection', () => {
  it('asks other processes for its own visitors only: pages that they read would keep each other open', () => {
    let surveys = 0;
    let timers = 0;
    const inspection = new Inspection({
      options: { intervalMs: 1_000 },
      directory: { rooms: [], totalsOf: () => [] },
      observers: new JamsocketObservers(),
      clock: { now: () => 0, setInterval: () => ++timers, clearInterval: () => --timers },
      durability: null,
      cluster: { survey: async () => (surveys++, []) },
      siblings: new Siblings(null),
      isInjected: null,
    } as unknown as InspectionParts);
    const ofSibling = new Viewer(new CollectedPage(), undefined);
    inspection.add(ofSibling);
    expect([surveys, timers]).toEqual([0, 1]);
    const stream: PageStream = { showsCluster: true, isBehind: false, send: () => undefined, end: () => undefined };
    const ofVisitor = new Viewer(stream, undefined);
    inspection.add(ofVisitor);
    expect([surveys, timers]).toEqual([1, 2]);
    inspection.remove(ofVisitor);
    expect([surveys, timers]).toEqual([1, 1]);
    inspection.stop();
    expect(timers).toBe(0);
  });
});

describe('the page that another worker reads', () => {
  it('tells that a room is gone when it has moved to another process', () => {
    const page = new CollectedPage();
    const { rooms } = page.read(() =>
      page.send('rooms', { isFull: false, rooms: [row('here'), row('moved', 'other')], gone: ['ended'] }),
    );
    expect(rooms).toEqual({ isFull: false, rooms: [row('here')], gone: ['ended', 'moved'] });
  });
});

describe('what the other workers tell', () => {
  it('is complete again after an answer was lost', async () => {
    const told = new Set<string>();
    let isLost = false;
    const siblings = {
      isSibling: () => true,
      ask: async (_sibling: string, _method: string, { page }: SiblingQuestion) => {
        await tick();
        const isFull = !told.has(page);
        told.add(page);
        if (isLost) throw new Error('no answer in time');
        // Nothing has changed since the last question.
        return { rooms: { isFull, rooms: isFull ? [row('a'), row('b')] : [], gone: [] } };
      },
    };
    const readings = new SiblingReadings(siblings as unknown as Siblings);
    const read = async () => {
      await readings.read([{ incarnation: 'two', name: 'two' }]);
      return [...readings.rows].map(({ key }) => key);
    };
    expect(await read()).toEqual(['a', 'b']);
    expect(await read()).toEqual(['a', 'b']);
    isLost = true;
    expect(await read()).toEqual([]);
    isLost = false;
    expect(await read()).toEqual(['a', 'b']);
  });
});

describe('a page that watches a service', () => {
  it('asks the other workers for its traffic once at a time, and not while it is behind', async () => {
    const traffic = { entries: [], dropped: 1 };
    const asked: unknown[] = [];
    const siblings = {
      askAll: async (_method: string, question: SiblingQuestion) => {
        asked.push(question);
        await tick();
        // The second one shuts down, the third one has nothing new.
        return [{ traffic }, null, {}];
      },
    };
    const readings = new SiblingReadings(siblings as unknown as Siblings);
    const stream = { showsCluster: true, isBehind: false, send: () => undefined, end: () => undefined };
    const viewer = new Viewer(stream, 'talk/');
    const first = readings.watchService(viewer);
    expect(await readings.watchService(viewer)).toBe('asked already');
    expect(await first).toEqual([traffic]);
    stream.isBehind = true;
    expect(await readings.watchService(viewer)).toEqual([]);
    expect(asked).toEqual([{ page: expect.any(String), watched: 'talk/' }]);
  });

  it('asks again for the traffic of a service after a question has failed, and never rejects', async () => {
    const traffic = { entries: [], dropped: 1 };
    let isClosing = true;
    const siblings = {
      askAll: async () => {
        if (isClosing) throw new Error('the node shuts down');
        return Promise.resolve([{ traffic }]);
      },
    };
    const readings = new SiblingReadings(siblings as unknown as Siblings);
    const viewer = new Viewer(
      { showsCluster: true, isBehind: false, send: () => undefined, end: () => undefined },
      'talk/',
    );
    expect(await readings.watchService(viewer)).toEqual([]);
    isClosing = false;
    expect(await readings.watchService(viewer)).toEqual([traffic]);
  });
});
