import { readRecord, RoomWriter, segment, toBytes } from './room-writer.js';
import { codeOf } from '../framework/test-framework.js';
import type { Suite } from './suite.js';

const LONG = 'k'.repeat(3_990);

/** Keys that a store might confuse with each other. */
const ROOMS: readonly (readonly [service: string, key: string])[] = [
  ['a/b', 'c'],
  ['a', 'b/c'],
  ['a:b', 'c'],
  ['a', 'b:c'],
  ['a', ''],
  ['', 'a'],
  ['a', ' '],
  ['a', 'A'],
  ['a', 'a'],
  ['a', 'a '],
  ['a', '__proto__'],
  ['constructor', 'toString'],
  ['a', "'; DROP TABLE rooms; --"],
  ['a', '{tag}'],
  ['a', '}{'],
  ['a', '%00%2F'],
  ['a', '\\'],
  ['a', '"quoted"'],
  ['a', 'e\u0301'],
  ['a', '\u00e9'],
  ['a', '\u{1f680}'],
  ['a', '\ufffd'],
  ['a', '\uffff'],
  ['a', '\u0001\u001f\u007f'],
  ['a', '日本語'],
  ['a', `${LONG}1`],
  ['a', `${LONG}2`],
  ['a', '\u{1f680}'.repeat(1_000)],
  ['a', `${'\u{1f680}'.repeat(999)}\u{1f681}`],
  ['games/:game'.repeat(10), LONG],
];

export function keyCases({ test, expect }: Suite): void {
  test('takes any characters for names, and long ones', async (store) => {
    const rooms = ROOMS.map(([service, key]) => ({ service, key }));
    const writers = [];
    for (const room of rooms) writers.push(await RoomWriter.claim(store, room, `owner of ${room.key.slice(0, 20)}`));
    const changes = writers.map((writer, at) =>
      writer.next({ parts: { base: toBytes(`${at}`) }, segments: [segment(at + 1, `${at}`)], dueAt: at }),
    );
    expect((await store.commit(changes)).filter((outcome) => outcome !== 'done')).toEqual([]);
    const due = await store.due(1_000, 1_000, [], [...new Set(ROOMS.map(([service]) => service))]);
    expect(due.map(({ room, dueAt }) => ({ room, dueAt })).sort((a, b) => a.dueAt - b.dueAt)).toEqual(
      rooms.map((room, dueAt) => ({ room, dueAt })),
    );
    for (const service of new Set(rooms.map((room) => room.service))) {
      const wanted = rooms.filter((room) => room.service === service).map(({ key }) => key);
      const listed: string[] = [];
      for (let page; (page = await store.list(service, 4, listed.at(-1))).length > 0;)
        listed.push(...page.map(({ key }) => key));
      expect(listed.sort()).toEqual(wanted.sort());
    }
    for (const [at, room] of rooms.entries())
      expect(await readRecord(store, room)).toEqual({
        parts: { base: `${at}` },
        log: [`${at + 1}:${at}`],
        sequence: 1,
      });
  });

  test('refuses NUL in names', async (store) => {
    expect((await codeOf(store.claim({ service: 'a', key: 'b\0c' }, 'a'))).startsWith('RangeError')).toBe(true);
    expect((await codeOf(store.claim({ service: 'a\0b', key: 'c' }, 'a'))).startsWith('RangeError')).toBe(true);
  });
}
