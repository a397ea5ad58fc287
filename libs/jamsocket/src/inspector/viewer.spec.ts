import { describe, expect, it } from '@jest/globals';
import type { EventStream } from './event-stream.js';
import type { Overview, RoomDetail, RoomRow } from './inspector-events.js';
import type { RoomTable } from './room-table.js';
import { Viewer } from './viewer.js';

class FakeStream {
  isBehind = false;
  sent: [string, unknown][] = [];

  send(event: string, data: unknown): void {
    this.sent.push([event, data]);
  }

  end(): void {
    this.sent.push(['end', {}]);
  }
}

const row = (key: string, clients: number) => ({ key, clients }) as RoomRow;
const overview = {} as Overview;
const detailOf = (key: string) => ({ key, isGone: true }) as RoomDetail;

function open(key?: string) {
  const stream = new FakeStream();
  const viewer = new Viewer(stream as unknown as EventStream, key);
  const show = (...rows: RoomRow[]) => {
    stream.sent = [];
    viewer.show(overview, { all: rows } as unknown as RoomTable, detailOf);
    return stream.sent;
  };
  return { stream, viewer, show };
}

describe('a page', () => {
  it('that is behind is sent nothing, and later what has changed since', () => {
    const { stream, show } = open();
    const [a, b, c] = [row('a', 1), row('b', 1), row('c', 1)];
    expect(show(a, b)[1]).toEqual(['rooms', { isFull: true, rooms: [a, b], gone: [] }]);
    stream.isBehind = true;
    expect(show(row('a', 2), b)).toEqual([]);
    expect(show(row('a', 3), b, c)).toEqual([]);
    stream.isBehind = false;
    expect(show(row('a', 3), c)[1]).toEqual(['rooms', { isFull: false, rooms: [row('a', 3), c], gone: ['b'] }]);
    expect(show()[1]).toEqual(['rooms', { isFull: false, rooms: [], gone: ['a', 'c'] }]);
  });

  it('keeps a bounded part of the traffic for later, and counts the rest', () => {
    const { stream, viewer } = open('talk/lobby');
    stream.isBehind = true;
    for (let n = 0; n < 1_200; n++) {
      if (n % 100 === 0) viewer.watch!.log.nextInterval();
      viewer.watch!.log.note('join', undefined, String(n));
    }
    viewer.showTraffic();
    expect(stream.sent).toEqual([]);
    stream.isBehind = false;
    viewer.showTraffic();
    const [[event, { entries, dropped }]] = stream.sent as [
      string,
      { entries: { preview: string }[]; dropped: number },
    ][];
    expect([event, entries.length, dropped]).toEqual(['traffic', 500, 700]);
    expect(entries.at(-1)!.preview).toBe('499');
    viewer.showTraffic();
    expect(stream.sent).toHaveLength(1);
  });

  it.each(['no-key', 'a/b/c', 'talk/%zz'])('that asks for %s is told that there is no such room', (key) => {
    expect(open(key).show().at(-1)).toEqual(['room', { key, isGone: true }]);
  });
});
