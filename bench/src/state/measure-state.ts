import { deepStrictEqual } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinRoom } from 'jamsocket-client';
import { WebSocket } from 'ws';
import { joinOrCreate } from '../load/colyseus-seat.js';
import { cpuMs } from '../load/process-use.js';
import { COLYSEUS, Crowd, JSON_EVENTS, type Dialect } from './state-crowd.js';

const CLIENTS = 100;
const MOVERS = 50;
const RATE = 20;
/**
 * Until the code that runs is compiled, and compiled once more: some 15 s after its start, V8 finds that our server allocates
 * little, shrinks its heap, and drops code with it. Five seconds with that take twice the CPU; no later ones do.
 */
const WARM_UP_MS = 20_000;
const FIRST_PORT = 4_700;

interface Variant {
  readonly name: string;
  readonly server: string;
  readonly everyMs: number;
  readonly dialect: Dialect;
}

const BOARD = JSON_EVENTS('/ws/board/one');
const VARIANTS: readonly Variant[] = [
  { name: 'shared state, every 50 ms', server: 'state-ours', everyMs: 50, dialect: BOARD },
  {
    name: 'Colyseus schema, every 50 ms',
    server: 'state-colyseus',
    everyMs: 50,
    dialect: COLYSEUS(async (port) => (await joinOrCreate(port, 'board', 'one')).path),
  },
  { name: 'whole value, every 50 ms', server: 'state-ours', everyMs: 50, dialect: JSON_EVENTS('/ws/whole/one') },
  { name: 'shared state, every tick', server: 'state-ours', everyMs: 0, dialect: BOARD },
];

interface Figures {
  /** Milliseconds of CPU of the server in one second, for each client. */
  readonly cpuMs: number;
  /** Bytes that each client gets in one second. */
  readonly bytes: number;
}

/** `npm run bench -- --state`: 100 clients see 50 players that move 20 times a second. */
export async function measureState(say: (line: string) => void, rounds: number, seconds: number): Promise<void> {
  const results = new Map<Variant, Figures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const variant of VARIANTS.map((_, at) => VARIANTS[(at + round) % VARIANTS.length])) {
      const figures = await measure(variant, seconds);
      results.set(variant, [...(results.get(variant) ?? []), figures]);
      say(`${round + 1}/${rounds}  ${row(variant, figures)}`);
    }
  }
  say(`\nMedians of ${rounds} rounds of ${seconds} s:`);
  for (const variant of VARIANTS) {
    const all = results.get(variant)!;
    say(row(variant, { cpuMs: median(all.map(({ cpuMs }) => cpuMs)), bytes: median(all.map(({ bytes }) => bytes)) }));
  }
}

async function measure({ server, everyMs, dialect }: Variant, windowSeconds: number): Promise<Figures> {
  const port = FIRST_PORT + Math.floor(Math.random() * 1_000);
  const child = await start(server, port, everyMs);
  const crowd = new Crowd(port, dialect);
  try {
    // The follower is one of the clients.
    const follower = dialect === BOARD ? joinRoom(`ws://127.0.0.1:${port}/ws/board/one`, { WebSocket }) : undefined;
    const counted = follower === undefined ? CLIENTS : CLIENTS - 1;
    await crowd.join(counted);
    crowd.start(MOVERS, RATE);
    await sleep(WARM_UP_MS);
    const [cpu, bytes, began] = [cpuMs(child.pid!), crowd.bytes, performance.now()];
    await sleep(windowSeconds * 1_000);
    const seconds = (performance.now() - began) / 1_000;
    const figures = {
      cpuMs: (cpuMs(child.pid!) - cpu) / seconds / CLIENTS,
      bytes: (crowd.bytes - bytes) / seconds / counted,
    };
    crowd.assertComplete();
    crowd.stop();
    if (follower !== undefined) await checkState(follower, port);
    return figures;
  } finally {
    crowd.end();
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}

/** A client that has followed all patches has what a newcomer gets whole. */
async function checkState(follower: ReturnType<typeof joinRoom>, port: number): Promise<void> {
  await sleep(500);
  const newcomer = joinRoom(`ws://127.0.0.1:${port}/ws/board/one`, { WebSocket });
  await new Promise<unknown>((resolve) => newcomer.onState('board', resolve));
  const { players } = newcomer.state('board') as { players: object };
  if (Object.keys(players).length !== MOVERS) throw new Error(`only ${Object.keys(players).length} players have moved`);
  deepStrictEqual(follower.state('board'), newcomer.state('board'));
  follower.close();
  newcomer.close();
}

async function start(server: string, port: number, everyMs: number): Promise<ChildProcess> {
  const program = new URL(`../servers/${server}.js`, import.meta.url).pathname;
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port), EVERY_MS: String(everyMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => Promise.reject(new Error(`${server} has not started`))),
  ]);
  return child;
}

function row({ name }: Variant, { cpuMs, bytes }: Figures): string {
  return `${name.padEnd(30)} ${cpuMs.toFixed(3)} ms of CPU and ${Math.round(bytes)} bytes a client and second`;
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
}
