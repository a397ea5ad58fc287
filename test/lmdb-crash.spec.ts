import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { SeededRandom } from 'nestjs-jamsocket/testing';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './support/bundle.js';

const folder = mkdtempSync(join(tmpdir(), 'jamsocket-crash-'));
const child = join(folder, 'child.mjs');

beforeAll(() =>
  bundle(join(import.meta.dirname, 'support', 'lmdb-child.ts'), child, { lmdb: 'node_modules/lmdb/node-index.js' }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the child to its end. */
async function run(args: readonly string[], before: readonly string[] = []) {
  const [command, ...more] = [...before, process.execPath, child, ...args];
  const running = spawn(command, more, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  running.stdout.on('data', (chunk) => (output.out += chunk));
  running.stderr.on('data', (chunk) => (output.err += chunk));
  const [code, signal] = await once(running, 'close');
  return { code, signal, ...output, lines: output.out.trim().split('\n') };
}

describe('LmdbStore', () => {
  it('is old or new, never torn, after kill -9 in the middle of a commit', async () => {
    const path = join(folder, 'killed');
    const random = new SeededRandom(18);
    let acknowledged = 0;
    for (let round = 0; round < 8; round++) {
      const size = 10 + (random.uint32() % 30_000);
      const result = await run(['kill', path, `${random.uint32() % 4}`, `${random.uint32() % 4_000}`, `${size}`]);
      expect(`${result.signal} ${result.err}`).toBe('SIGKILL ');
      if (result.out !== '') acknowledged = Number(result.lines.at(-1));
      acknowledged = await checkAfterCrash(path, acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(5);
  }, 60_000);

  it('is old or new, never torn, after kill -9 between any two writes of a commit', async () => {
    const path = join(folder, 'stepped');
    for (let sequence = 1; sequence <= 2; sequence++) {
      const { code, err, lines } = await run(['step', path, '0']);
      expect(`${code}${err}`).toBe('0');
      const writes = Number(lines[0]);
      // At least the head, two parts, a segment and the due time.
      expect(writes).toBeGreaterThanOrEqual(5);
      for (let killAfter = 1; killAfter <= writes; killAfter++) {
        const { signal } = await run(['step', path, `${killAfter}`]);
        expect(signal).toBe('SIGKILL');
        expect(await checkAfterCrash(path, sequence, 1)).toBe(sequence);
      }
    }
  }, 60_000);

  it('rejects with the cause when the disk is full, goes on with space, and closes', async () => {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      process.stderr.write('SKIPPED: the full disk of LmdbStore, because there is no prlimit on this machine.\n');
      return;
    }
    const limit = ['prlimit', '--fsize=5000000:unlimited'];
    const [own, given] = await Promise.all([
      run(['fill', join(folder, 'full')], limit),
      run(['fill', join(folder, 'given'), 'environment'], limit),
    ]);
    const steps = ['reads 1', 'retry done', 'segments true sequence true'];
    expect([own.code, ...own.lines.slice(1)]).toEqual([0, ...steps, 'again refused', 'closed']);
    expect([given.code, ...given.lines.slice(1)]).toEqual([0, ...steps, 'closed']);
    for (const [first] of [own.lines, given.lines]) expect(first).toMatch(/^\d\d store_failed: Input/);
  }, 60_000);

  it('counts right with processes that take a room from each other', async () => {
    const path = join(folder, 'shared');
    const counts = await Promise.all([1, 2, 3].map(() => run(['count', path, '60'])));
    expect(counts.map(({ code, err }) => `${code}${err}`)).toEqual(['0', '0', '0']);
    const done = counts.reduce((sum, { lines }) => sum + Number(lines[0]), 0);
    const store = new LmdbStore({ path });
    const { record } = await store.claim({ service: 'shared', key: 'counter' }, 'reader');
    await store.close();
    expect(Buffer.from(record!.parts.base).toString()).toBe(`${done}`);
    // How many of them come through depends on how they take turns.
    expect(done).toBeGreaterThan(0);
  }, 60_000);
});

/** All rooms were written in one commit: they are all at the acknowledged number or all at the next. */
async function checkAfterCrash(path: string, acknowledged: number, roomCount = 20): Promise<number> {
  const store = new LmdbStore({ path });
  const rooms = Array.from({ length: roomCount }, (_, at) => ({ service: 'crash', key: `room ${at}` }));
  const claims = await Promise.all(rooms.map((room) => store.claim(room, 'reader')));
  const due = await store.due(1_000, 1_000, [], ['crash']);
  await store.close();
  const sequences = claims.map(({ record }) => record?.sequence ?? 0);
  const [sequence] = sequences;
  expect(new Set(sequences).size).toBe(1);
  expect([acknowledged, acknowledged + 1]).toContain(sequence);
  if (sequence === 0) return 0;
  for (const { record } of claims) {
    const { base, state } = record!.parts;
    expect(Buffer.from(base).toString()).toBe(`${sequence}`);
    expect(Buffer.alloc(state.length, `${sequence};`).equals(state)).toBe(true);
    const from = Math.max(1, sequence - 5);
    const numbers = Array.from({ length: sequence - from + 1 }, (_, at) => from + at);
    expect(record!.segments.map(({ number, bytes }) => `${number} ${Buffer.from(bytes).toString()}`)).toEqual(
      numbers.map((number) => `${number} ${number}`),
    );
  }
  expect(due.map(({ dueAt }) => dueAt)).toEqual(rooms.map(() => sequence));
  return sequence;
}
