import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SeededRandom } from 'nestjs-jamsocket/testing';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { compile } from './support/compile.js';
import { WorkersRun } from './support/workers/run.js';
import { allNotesIn } from './support/workers/witness.js';

const TIMEOUT_MS = 240_000;
/** `RACE=10000` for the long run. */
const CONNECTS = Number(process.env.RACE ?? 400);
const AT_ONCE = 40;
const ROOMS = 12;
/** A worker that ends sooner after its start has not really run, and the primary gives up after five of them in a row. */
const YOUNG_MS = 11_000;
const MAX_YOUNG = 4;

interface Ending {
  readonly code?: number;
  readonly error?: string;
}

/** One connect: it opens or fails, and if it opens, it ends with a close code. */
class Connect {
  readonly socket: WebSocket;
  readonly opened: Promise<boolean>;
  readonly ended: Promise<Ending>;
  readonly said: string[] = [];

  constructor(url: string) {
    this.socket = new WebSocket(url);
    let error: string | undefined;
    this.opened = new Promise((resolve) => {
      this.socket.once('open', () => resolve(true));
      this.socket.once('close', () => resolve(false));
    });
    this.ended = new Promise((resolve) => this.socket.once('close', (code) => resolve({ code, error })));
    this.socket.on('error', ({ message }) => (error = message));
    this.socket.on('message', (data: Buffer) => this.said.push(data.toString()));
  }
}

let program: { file: string; remove: () => void };
let run: WorkersRun;

beforeAll(async () => {
  program = await compile(join(import.meta.dirname, 'support', 'workers', 'program.ts'), 'race');
}, TIMEOUT_MS);
afterAll(async () => {
  await run.stop();
  program.remove();
}, TIMEOUT_MS);

it(
  'connects that race with the deaths of workers all end or stay open, and no room is there twice',
  async () => {
    run = await WorkersRun.start(program.file, { WORKERS: '3' });
    await run.says('primary is ready');
    const random = new SeededRandom(20);
    const open: Connect[] = [];
    const hanging: string[] = [];
    let refused = 0;
    let killed = 0;
    let young = 0;
    const firstSeen = new Map<number, number>();
    const mayDie = (pid: number) => {
      const isYoung = performance.now() - firstSeen.get(pid)! < YOUNG_MS;
      if (isYoung && young === MAX_YOUNG) return false;
      young = isYoung ? young + 1 : 0;
      return true;
    };
    const connect = async (at: number) => {
      const one = new Connect(`${run.ws}/ws/plain/${at % ROOMS}`);
      const outcome = await Promise.race([one.opened, sleep(30_000, 'hangs' as const, { ref: false })]);
      if (outcome === 'hangs') hanging.push(`${at}`);
      else if (outcome) open.push(one);
      else refused++;
      // Half of them leave, so that rooms come and go.
      if (outcome === true && at % 2 === 0) one.socket.close(1000);
    };
    for (let done = 0; done < CONNECTS; done += AT_ONCE) {
      const batch = Promise.all(Array.from({ length: AT_ONCE }, (_, at) => connect(done + at)));
      if ((done / AT_ONCE) % 5 === 2) {
        // A worker dies while they are on their way: early, or late.
        await sleep(random.uint32() % 40);
        const pid = await run.get<number>('/pid').catch(() => undefined);
        if (pid !== undefined && !firstSeen.has(pid)) firstSeen.set(pid, performance.now());
        if (pid !== undefined && pid !== run.child.pid && mayDie(pid)) {
          process.kill(pid, 'SIGKILL');
          killed++;
        }
      }
      const before = refused;
      await batch;
      // All workers are dead: to be refused at once would use up the connects.
      if (refused - before === AT_ONCE) await sleep(200);
    }
    expect(hanging).toEqual([]);
    expect(killed).toBeGreaterThan(1);
    // Those of workers that have died, and those that have left, end with a code.
    await sleep(500);
    const alive = open.filter(({ socket }) => socket.readyState === WebSocket.OPEN);
    const gone = open.filter((one) => !alive.includes(one));
    const endings = await Promise.race([
      Promise.all(gone.map(({ ended }) => ended)),
      sleep(20_000, undefined, { ref: false }),
    ]);
    expect(endings?.every(({ code }) => [1000, 1006, 1012].includes(code!))).toBe(true);
    expect(refused).toBeLessThan(CONNECTS / 2);
    process.stdout.write(`${CONNECTS} connects, ${killed} workers killed: ${refused} refused, ${gone.length} ended\n`);

    // All that are left of a room talk to one instance.
    const instances = new Map<string, Set<string>>();
    for (const one of alive) one.said.length = 0;
    for (const { socket } of alive) socket.send('who');
    const deadline = performance.now() + 20_000;
    while (alive.some(({ said }) => said.length === 0) && performance.now() < deadline) await sleep(20);
    for (const { socket, said } of alive) {
      const room = new URL(socket.url).pathname;
      if (!instances.has(room)) instances.set(room, new Set());
      instances.get(room)!.add(said.at(-1) ?? 'silent');
    }
    for (const each of instances.values()) expect([...each]).toEqual([expect.stringMatching(/^[\da-f-]{36} at \d+$/)]);
    for (const { socket } of alive) socket.terminate();

    // Nor has any room had two at any time, as the instances themselves have seen.
    const notes = allNotesIn(run.folder);
    const countOf = (wanted: string) => notes.filter(({ what }) => what === wanted).length;
    process.stdout.write(
      `${countOf('begins')} instances of ${ROOMS} rooms, ${countOf('ends')} of them ended by themselves\n`,
    );
    expect(countOf('begins')).toBeGreaterThan(ROOMS);
    expect(notes.filter(({ what }) => what === 'twice')).toEqual([]);
  },
  TIMEOUT_MS,
);
