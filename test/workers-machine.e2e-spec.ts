import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { compile } from './support/compile.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';
import { TestClient } from './support/test-client.js';
import { bothLinksOf, linksOf } from './support/workers/links-of.js';
import { WorkersRun } from './support/workers/run.js';

const TIMEOUT_MS = 120_000;
/** So many requests that each worker answers some of them. */
const TRIES = 16;

const redis = findRedis();
const itRedis = hasServer(redis, 'redis-server') ? it : it.skip;

describe('the workers of one machine', () => {
  let program: { file: string; remove: () => void };
  let run: WorkersRun;
  let server: TestServer | undefined;

  beforeAll(async () => {
    program = await compile(join(import.meta.dirname, 'support', 'workers', 'program.ts'), 'machine');
  }, TIMEOUT_MS);
  afterAll(() => program.remove());
  afterEach(async () => {
    await run.stop();
    await server?.stop();
    server = undefined;
  }, TIMEOUT_MS);

  const start = async (env: Record<string, string>) => {
    run = await WorkersRun.start(program.file, { WORKERS: '2', ...env });
    await run.says('primary is ready');
  };
  const answers = async <T>(path: string): Promise<T[]> => {
    const all = [];
    for (let n = 0; n < TRIES; n++) all.push(await run.get<T>(path));
    return all;
  };
  const enter = (room: string) => TestClient.connect(`${run.ws}/ws/plain/${room}`);

  /** A worker hears of another one when it renews its lease. */
  const eachKnowsTheOther = async () => {
    const know = (answer: { workers: number }) => answer.workers === 2;
    while (!(await answers<{ workers: number }>('/health')).every(know));
  };

  it(
    'answer for all of them, whichever gets the request: health, the list of rooms, and calls of a room',
    async () => {
      await start({});
      await eachKnowsTheOther();
      const clients = await Promise.all(['a', 'b', 'c', 'd', 'a', 'd'].map(enter));
      for (const health of await answers('/health'))
        expect(health).toEqual({ status: 'up', rooms: 4, clients: 6, store: 'up', cluster: 'up', workers: 2 });
      for (const list of await answers('/list')) expect(list).toEqual(['a', 'b', 'c', 'd']);
      const instance = await clients[0].nextText();
      const calls = await answers<{ pid: number; found: string; instance: string }>('/rooms?room=a');
      expect(new Set(calls.map(({ pid }) => pid)).size).toBe(2);
      for (const call of calls) expect(call).toMatchObject({ found: 'a', instance });
      await Promise.all(clients.map((client) => client.close()));
    },
    TIMEOUT_MS,
  );

  itRedis(
    'are nodes of a cluster on Redis, and hand sockets over all the same',
    async () => {
      server = await startRedis(redis!, []);
      await start({ REDIS: `${server.port}` });
      await eachKnowsTheOther();
      const room = await enter('first');
      for (let round = 0; round < 5; round++) expect([...(await linksOf(run, `room${round}`))]).toEqual(['Connection']);
      for (const health of await answers<object>('/health')) expect(health).toMatchObject({ rooms: 1, workers: 2 });
      await room.close();
    },
    TIMEOUT_MS,
  );

  it(
    'relay what comes over TLS, and say so once each',
    async () => {
      await start({ TLS: join(import.meta.dirname, 'support', 'tls') });
      await bothLinksOf(run, 'secure');
      await bothLinksOf(run, 'again');
      const lines = run.output.split('TLS connections cannot be handed over').length - 1;
      expect([1, 2]).toContain(lines);
    },
    TIMEOUT_MS,
  );
});
