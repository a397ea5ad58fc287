import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly, type Fault, type Row, type Settings } from '../fault.js';
import { openDatabase, STORE_TITLES } from './databases.js';
import type { StoreKind } from './open-store.js';
import type { ArmOrder, Firing } from './timer-room.js';
import type { Victim } from './victim.js';
import { serverWith } from './victims.js';

const TIMERS = 10_000;
/** Milliseconds until the first timer is due: by then the rooms must be made and the server must have ended. */
const ARMING_MS = 45_000;
/** All timers are due within this time, while the server is down. */
const SPREAD_MS = 3_000;
/** More timers, due after that, while the server starts: they must not fire too early. */
const LATER = 500;
const LATER_MS = 8_000;
const BOUND_MS = 5_000;
const PATIENCE_MS = 60_000;

interface Report {
  readonly startedAt: number;
  readonly now: number;
  readonly firings: readonly Firing[];
  readonly most: number;
}

export function timersOn(kind: StoreKind): Fault {
  return {
    name: `timers-${kind}`,
    title: `Timers that are due while no process runs, ${STORE_TITLES[kind]}`,
    run: async (settings) => [
      ...(await sleepThrough(kind, settings, 'SIGTERM')),
      ...(await sleepThrough(kind, settings, 'SIGKILL')),
    ],
  };
}

async function sleepThrough(kind: StoreKind, { count = TIMERS }: Settings, signal: NodeJS.Signals): Promise<Row[]> {
  const database = await openDatabase(kind);
  const server = await serverWith(database, { GRACE_MS: '60000' });
  try {
    await server.start();
    const from = Date.now() + ARMING_MS;
    await arm(server, { rooms: count, prefix: 'slept', from, spreadMs: SPREAD_MS });
    await arm(server, { rooms: LATER, prefix: 'later', from: from + SPREAD_MS, spreadMs: LATER_MS });
    await server.kill(signal);
    const restMs = from - Date.now();
    if (restMs < 0) throw new Error(`${count} rooms were not made in ${ARMING_MS} ms: too many for this machine`);
    await sleep(restMs + SPREAD_MS);
    await server.start();
    const report = await firedAll(server, count + LATER);
    return rowsOf(report, count, `${count.toLocaleString('en-US')} rooms, after ${signal}`);
  } finally {
    await server.stop();
    await database.stop();
  }
}

async function arm(server: Victim, order: ArmOrder): Promise<void> {
  const armed = server.answer<number>('armed');
  server.send({ arm: order });
  await armed;
}

async function firedAll(server: Victim, count: number): Promise<Report> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    // A report of thousands of timers would keep the server from its work.
    const hasFired = (await askedOf<number>(server, 'fired')) >= count;
    if (hasFired || performance.now() > deadline) {
      const report = await askedOf<Report>(server, 'report');
      const rooms = new Set(report.firings.map(({ room }) => room)).size;
      if (rooms >= count || performance.now() > deadline) return report;
    }
    await sleep(500);
  }
}

function askedOf<T>(server: Victim, question: 'fired' | 'report'): Promise<T> {
  const answer = server.answer<T>(question);
  server.send({ [question]: true });
  return answer;
}

function rowsOf({ startedAt, firings, most }: Report, count: number, what: string): Row[] {
  const rooms = new Set(firings.map(({ room }) => room));
  const early = firings.filter(({ at, dueAt }) => at < dueAt).length;
  const slept = firings.filter(({ room }) => room.startsWith('slept'));
  const awake = firings.filter(({ dueAt }) => dueAt > startedAt);
  const lateMs = (of: readonly Firing[]) => Math.max(0, ...of.map(({ at, dueAt }) => at - Math.max(startedAt, dueAt)));
  return [
    exactly(`${what}, and ${LATER} that are due about the start: fired at least once`, rooms.size, count + LATER),
    exactly(`${what}: fired before they were due`, early, 0),
    atMost(`${what}: from the start to the last of them`, lateMs(slept), BOUND_MS, 'ms'),
    atMost(`${what}: of ${awake.length} that were due later, the latest after that`, lateMs(awake), BOUND_MS, 'ms'),
    exactly(`${what}: most instances of a room at once`, most, 1),
    exactly(`${what}: fired once more than once`, firings.length - rooms.size, 0),
  ];
}
