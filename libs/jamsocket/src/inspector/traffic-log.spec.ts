import { expect, it } from '@jest/globals';
import type { Client } from '../members/client.js';
import { TrafficLog } from './traffic-log.js';

const MESSAGES = 200;
const BYTES = 256 * 1024;
const client = { id: 1 } as Client;

function collected(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

it('keeps the beginnings of long messages and nothing else of them', () => {
  const log = new TrafficLog();
  const before = collected();
  for (let n = 0; n < MESSAGES; n++) {
    const payload = Buffer.from(`{"event":"a name to be kept ${n}","data":"${'x'.repeat(BYTES)}"}`).toString();
    log.received(client, { kind: 'text', payload, bytes: payload.length });
  }
  expect(collected() - before).toBeLessThan((MESSAGES * BYTES) / 4);
  const { entries } = log.take()!;
  expect(entries).toHaveLength(MESSAGES);
  expect(entries[7]).toMatchObject({ kind: 'event', event: 'a name to be kept 7' });
  expect(entries[7].preview).toHaveLength(1_000);
  expect(entries[7].preview.endsWith('x…')).toBe(true);
});

it('shows whole messages while they fit, and the beginnings of all others', () => {
  const log = new TrafficLog();
  const payload = JSON.stringify({ event: 'drawn', data: 'x'.repeat(15_000) });
  for (let n = 0; n < 100; n++) log.received(client, { kind: 'text', payload, bytes: payload.length });
  const lengths = log.take()!.entries.map(({ preview }) => preview.length);
  expect(lengths.filter((length) => length === payload.length)).toHaveLength(Math.floor(1_048_576 / payload.length));
  expect(lengths.at(-1)).toBe(1_000);
  log.nextInterval();
  log.received(client, { kind: 'text', payload, bytes: payload.length });
  expect(log.take()!.entries[0].preview).toBe(payload);
});

it('names the rooms of entries only for a service', () => {
  const [ofRoom, ofService] = [new TrafficLog(), new TrafficLog(true)];
  for (const log of [ofRoom, ofService]) {
    log.received(client, { kind: 'text', payload: 'hi', bytes: 2 }, 'lobby');
    log.note('join', client, '::1', { room: 'lobby' });
  }
  expect(ofService.take()!.entries.map(({ room }) => room)).toEqual(['lobby', 'lobby']);
  expect(ofRoom.take()!.entries.some((entry) => 'room' in entry)).toBe(false);
});

it('puts what another worker has logged in the order of time', () => {
  const log = new TrafficLog(true);
  log.note('join', client, 'own', { room: 'lobby' });
  const { at } = log.take()!.entries[0];
  const of = (preview: string, when: number) => ({ n: 1, at: when, dir: 'in', preview, bytes: 1 }) as const;
  log.note('join', client, 'own', { room: 'lobby' });
  log.include({ entries: [of('earlier', at - 5), of('later', at + 60_000)], dropped: 3 });
  log.include({ entries: [of('earliest', at - 9)], dropped: 4 });
  const { entries, dropped } = log.take()!;
  expect(entries.map(({ preview }) => preview)).toEqual(['earliest', 'earlier', 'own', 'later']);
  expect(dropped).toBe(7);
  expect(log.take()).toBeUndefined();
});
