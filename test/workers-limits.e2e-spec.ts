import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { compile } from './support/compile.js';
import { ResumingClient } from './support/resuming-client.js';
import { TestClient } from './support/test-client.js';
import { WorkersRun } from './support/workers/run.js';

const TIMEOUT_MS = 120_000;
const PROTOCOL = 'jamsocket.v1';
/** So many that each worker gets some of them. */
const TRIES = 16;

describe('limits of an application in workers', () => {
  let program: { file: string; remove: () => void };
  let run: WorkersRun;

  beforeAll(async () => {
    program = await compile(join(import.meta.dirname, 'support', 'workers', 'program.ts'), 'limits');
  }, TIMEOUT_MS);
  afterAll(() => program.remove());
  afterEach(() => run.stop(), TIMEOUT_MS);

  const start = async (limits: object, env: Record<string, string> = {}) => {
    run = await WorkersRun.start(program.file, { WORKERS: '2', LIMITS: JSON.stringify(limits), ...env });
    await run.says('primary is ready');
  };
  const enter = (room: string) => TestClient.connect(`${run.ws}/ws/plain/${room}`);
  const refusals = async (room: string) => {
    const codes = new Set<string>();
    for (let n = 0; n < TRIES; n++)
      codes.add((await TestClient.refused(`${run.ws}/ws/plain/${room}`)).body.code as string);
    return [...codes];
  };
  /** What was given back is there at once, but nobody tells a client. */
  const enterAgain = async (room: string): Promise<TestClient> => {
    for (;;) {
      try {
        return await enter(room);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };

  it(
    'maxConnections holds for the machine, and a worker that dies gives its share back',
    async () => {
      await start({ maxConnections: 6 });
      const first = await Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map(enter));
      expect(await refusals('a')).toEqual(['server_full']);
      const at = await Promise.all(first.map(async (client) => Number(/\d+$/.exec(await client.nextText())![0])));
      process.kill(at[0], 'SIGKILL');
      await Promise.all(first.filter((_client, index) => at[index] === at[0]).map(({ closed }) => closed));
      const again = [await enterAgain('c')];
      // Those of the other worker are still counted.
      const alive = first.filter(({ isClosed }) => !isClosed);
      while (alive.length + again.length < 6) again.push(await enterAgain('c'));
      expect(await refusals('c')).toEqual(['server_full']);
      for (const client of [...alive, ...again]) await client.close();
      await (await enterAgain('d')).close();
    },
    TIMEOUT_MS,
  );

  it(
    'a machine that is full lets clients resume through every worker, and counts each of them once',
    async () => {
      await start({ maxConnections: 3 }, { HAND_OVER: 'off' });
      const ledger = `${run.ws}/ws/ledger/full`;
      const clients = await Promise.all(Array.from({ length: 3 }, () => ResumingClient.connect(ledger)));
      // The worker of the room, and the other one.
      const seen = new Set<string>();
      for (let n = 0; n < TRIES || seen.size < 2; n++) {
        const client = clients[n % clients.length];
        // Now and then the server has not noticed the loss yet.
        if (n % 2 === 0) await client.cut();
        expect(await client.resume()).toMatchObject({ resumed: true });
        client.confirm();
        client.send('link');
        let link: string | undefined;
        while (link === undefined) link = /Connection|RemoteLink/.exec(await client.next())?.[0];
        seen.add(link);
        expect((await TestClient.refused(ledger)).body.code).toBe('server_full');
      }
      const stranger = await TestClient.connect(ledger, undefined, [PROTOCOL, `jamsocket.resume.${'x'.repeat(22)}.0`]);
      expect(await stranger.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('server_full') });
      for (const { connection } of clients) await connection.close();
      const next = [await enterAgain('d'), await enterAgain('d'), await enterAgain('d')];
      expect(await refusals('d')).toEqual(['server_full']);
      for (const client of next) await client.close();
    },
    TIMEOUT_MS,
  );

  it(
    'maxRooms and connectsPerSecondPerIp hold for the machine',
    async () => {
      await start({ maxRooms: 3, connectsPerSecondPerIp: { rate: 0.001, burst: 4 + TRIES } });
      const clients = await Promise.all(['a', 'b', 'c', 'a'].map(enter));
      expect(await refusals('d')).toEqual(['too_many_rooms']);
      expect(await refusals('a')).toEqual(['too_many_connects']);
      for (const client of clients) await client.close();
    },
    TIMEOUT_MS,
  );
});
