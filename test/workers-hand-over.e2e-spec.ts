import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compile } from './support/compile.js';
import { TestClient } from './support/test-client.js';
import { bothLinksOf, linksOf } from './support/workers/links-of.js';
import { WorkersRun } from './support/workers/run.js';

const TIMEOUT_MS = 120_000;
const CLIENTS = 40;

let program: { file: string; remove: () => void };

beforeAll(async () => {
  program = await compile(join(import.meta.dirname, 'support', 'workers', 'program.ts'), 'hand-over');
}, TIMEOUT_MS);
afterAll(() => program.remove());

describe('the socket of a client whose room is at another worker', () => {
  let run: WorkersRun;

  beforeAll(async () => {
    run = await WorkersRun.start(program.file, { WORKERS: '2' });
    await run.says('primary is ready');
  }, TIMEOUT_MS);
  afterAll(() => run.stop(), TIMEOUT_MS);

  it(
    'is handed over, so that the room has it in its own process',
    async () => {
      const room = await TestClient.connect(`${run.ws}/ws/ledger/linked`);
      for (let round = 0; round < 5; round++) expect([...(await linksOf(run, 'linked'))]).toEqual(['Connection']);
      await room.close();
    },
    TIMEOUT_MS,
  );

  it(
    'is handed over while the room is just beginning there, too',
    async () => {
      for (let round = 0; round < 10; round++) expect([...(await linksOf(run, `new${round}`))]).toEqual(['Connection']);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['in the same packet as', undefined],
    ['at once after', 0],
    ['1 ms after', 1],
    ['5 ms after', 5],
  ])(
    'loses no frame that comes %s the upgrade',
    async (_when, delayMs) => {
      const room = await TestClient.connect(`${run.ws}/ws/ledger/raw`);
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, at) => talk(run.port, `say hello ${at};`, delayMs)),
      );
      answers.forEach((answer, at) => expect(answer).toContain(`hello ${at};`));
      await room.close();
    },
    TIMEOUT_MS,
  );

  it(
    'leaves nothing behind that keeps its first worker from ending',
    async () => {
      const clients = await Promise.all(
        Array.from({ length: 10 }, () => TestClient.connect(`${run.ws}/ws/ledger/leaving`)),
      );
      const started = performance.now();
      run.child.kill('SIGTERM');
      await run.ended();
      // A worker that does not end is killed after 30 s.
      expect(performance.now() - started).toBeLessThan(25_000);
      for (const client of clients) expect((await client.closed).code).toBe(1012);
    },
    TIMEOUT_MS,
  );
});

describe('with handOver: false', () => {
  it(
    'clients of rooms at other workers are relayed',
    async () => {
      const run = await WorkersRun.start(program.file, { WORKERS: '2', HAND_OVER: 'off' });
      await run.says('primary is ready');
      await bothLinksOf(run, 'relayed');
      await run.stop();
    },
    TIMEOUT_MS,
  );
});

/** Connects with a frame close behind the request. @returns everything the server has said, after the answer came */
async function talk(port: number, text: string, delayMs: number | undefined): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  const request = Buffer.from(
    `GET /ws/ledger/raw HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const frame = frameOf(text);
  if (delayMs === undefined) socket.write(Buffer.concat([request, frame]));
  else {
    socket.write(request);
    if (delayMs > 0) await sleep(delayMs);
    socket.write(frame);
  }
  let answer = '';
  const deadline = setTimeout(() => socket.destroy(), 20_000);
  for await (const chunk of socket) {
    answer += String(chunk);
    if (answer.includes(text.slice(4))) break;
  }
  clearTimeout(deadline);
  socket.destroy();
  return answer;
}

/** A masked text frame, with a mask of zeros. */
function frameOf(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
