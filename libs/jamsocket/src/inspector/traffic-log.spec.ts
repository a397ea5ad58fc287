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
