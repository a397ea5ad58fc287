import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { joinRoom, type Room } from 'jamsocket-client';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { compile } from './support/compile.js';
import { TestClient } from './support/test-client.js';
import { WorkersRun } from './support/workers/run.js';

/** Processes start slowly on a busy machine. */
const TIMEOUT_MS = 120_000;

describe('an application in workers', () => {
  let program: { file: string; remove: () => void };
  let run: WorkersRun;
  const rooms: Room[] = [];

  const start = async (env: Record<string, string> = {}) => {
    run = await WorkersRun.start(program.file, { WORKERS: '2', ...env });
  };
  const ready = async (env?: Record<string, string>) => {
    await start(env);
    await run.says('primary is ready');
  };
  const ownerOf = async (room: string) => {
    const { name } = await run.get<{ name?: string }>(`/owner?room=${room}`);
    return Number(name?.split(':').at(-1));
  };
  /** Resolves when two workers are there, and none of `gone`. */
  const workersWithout = async (gone: readonly number[]) => {
    for (;;) {
      const nodes = await run.get<number[]>('/nodes');
      if (nodes.length === 2 && !nodes.some((pid) => gone.includes(pid))) return nodes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  /** A client that comes back by itself, and the totals it has seen. */
  const enter = async (room: string) => {
    const joined = joinRoom(`${run.ws}/ws/ledger/${room}`, { WebSocket, backoff: { random: () => 0 } });
    rooms.push(joined);
    const seen: string[] = [];
    const waiting = new Set<() => void>();
    joined.onText((text) => {
      seen.push(text);
      for (const wake of waiting) wake();
    });
    await joined.opened;
    const until = async (text: string) => {
      while (!seen.includes(text)) await new Promise<void>((resolve) => waiting.add(resolve));
    };
    return { room: joined, seen, until };
  };

  beforeAll(async () => {
    program = await compile(join(import.meta.dirname, 'support', 'workers', 'program.ts'), 'workers');
  }, TIMEOUT_MS);
  afterAll(() => program.remove());
  afterEach(async () => {
    for (const room of rooms.splice(0)) room.close();
    await run.stop();
  }, TIMEOUT_MS);

  it(
    'shares one port, has clients of a room at every worker, and survives the death of one',
    async () => {
      await ready();
      const nodes = await run.get<number[]>('/nodes');
      expect(nodes.length).toBe(2);
      expect(nodes).not.toContain(run.child.pid);
      const answering = new Set<number>();
      while (answering.size < 2) answering.add(await run.get<number>('/pid'));
      expect(answering).toEqual(new Set(nodes));

      const clients = await Promise.all(
        Array.from({ length: 6 }, () => TestClient.connect(`${run.ws}/ws/ledger/shared`)),
      );
      const owner = await ownerOf('shared');
      for (const client of clients) expect(await client.nextText()).toBe(`total 0 at ${owner}`);
      clients[0].send('5');
      for (const client of clients) await client.until('it is 5');
      clients[5].send('1');
      for (const client of clients) await client.until('it is 6');
      expect(await run.get('/list')).toEqual(['shared']);

      const guest = await enter('shared');
      guest.room.send('1');
      await guest.until('it is 7');
      process.kill(owner, 'SIGKILL');
      // Nobody has to wait for a lease: the room is claimed by whoever is asked next.
      guest.room.send('3');
      await guest.until('it is 10');
      expect(await ownerOf('shared')).not.toBe(owner);
      expect(guest.room.clientId).toBe(7);
      for (const client of clients) expect([1006, 1012]).toContain((await client.closed).code);
      const [one, two] = await workersWithout([owner]);
      expect([one, two]).not.toContain(owner);
      expect(run.output).toContain(`Worker ${owner} has ended (SIGKILL)`);
    },
    TIMEOUT_MS,
  );

  it(
    'is reloaded one worker after the other, by SIGHUP and from code, and no client loses a message',
    async () => {
      await ready();
      const before = await run.get<number[]>('/nodes');
      const guests = [await enter('one'), await enter('two'), await enter('three')];
      let count = 0;
      const talking = setInterval(() => {
        count++;
        for (const { room } of guests) room.send('1');
      }, 20);
      run.child.kill('SIGHUP');
      await run.says('All workers are reloaded');
      clearInterval(talking);
      for (const { until } of guests) await until(`it is ${count}`);
      for (const { room, seen } of guests) {
        expect(room.clientId).toBe(1);
        expect(seen.slice(1)).toEqual(Array.from({ length: count }, (_, at) => `it is ${at + 1}`));
      }
      const after = await workersWithout(before);
      await run.get('/reload');
      await workersWithout([...before, ...after]);
    },
    TIMEOUT_MS,
  );

  it(
    'keeps its workers when the new ones cannot start',
    async () => {
      const broken = `${program.file}.broken`;
      await ready({ BROKEN_FILE: broken });
      const before = await run.get<number[]>('/nodes');
      writeFileSync(broken, '');
      run.child.kill('SIGHUP');
      await run.says('The workers were not reloaded');
      expect(run.output).toContain('the application is broken). The others go on as they are.');
      expect(new Set(await run.get<number[]>('/nodes'))).toEqual(new Set(before));
    },
    TIMEOUT_MS,
  );

  it(
    'ends with all its workers on SIGTERM: clients get 1012, and the exit tells the signal',
    async () => {
      // Without Nest's shutdown hooks: what bootstrap returns is closed.
      await ready({ HOOKS: 'off' });
      const clients = await Promise.all(
        Array.from({ length: 4 }, (_, at) => TestClient.connect(`${run.ws}/ws/ledger/${at % 2}`)),
      );
      run.child.kill('SIGTERM');
      for (const client of clients) expect((await client.closed).code).toBe(1012);
      expect(await run.ended()).toEqual({ code: null, signal: 'SIGTERM' });
    },
    TIMEOUT_MS,
  );

  it(
    'ends its workers when the primary is killed, even in the middle of a commit',
    async () => {
      await ready({ WORKERS: '4', WRITES: 'on' });
      const client = await TestClient.connect(`${run.ws}/ws/ledger/room`);
      run.child.kill('SIGKILL');
      expect((await client.closed).code).toBe(1006);
      // The workers have its output open, so it ends when they do.
      await run.ended();
      expect(run.output).toContain('The primary process has ended, so this worker ends, too.');
    },
    TIMEOUT_MS,
  );

  it(
    'ends with the reason when it cannot start, or when its workers crash again and again',
    async () => {
      await start({ BROKEN_FILE: program.file });
      expect(await run.ended()).toEqual({ code: 1, signal: null });
      expect(run.output).toContain('The first worker could not start (exit code 1: the application is broken)');

      await run.stop();
      await start({ CRASHES: 'on' });
      expect(await run.ended()).toEqual({ code: 1, signal: null });
      expect(run.output).toContain(
        '5 workers in a row have ended within 10 s of their start, the last one with exit code 7',
      );
    },
    TIMEOUT_MS,
  );

  it(
    'runs in one process with workers: 1',
    async () => {
      await start({ WORKERS: '1' });
      await run.says('single is ready');
      expect(await run.get('/pid')).toBe(run.child.pid);
      expect(await run.get('/nodes')).toEqual([run.child.pid]);
    },
    TIMEOUT_MS,
  );
});
