import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tally } from '../crowd.js';
import { atMost, exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { openDatabase, STORE_TITLES } from './databases.js';
import type { StoreKind } from './open-store.js';
import { Dice } from './dice.js';
import { Journal } from './journal.js';
import { inRounds } from './rounds.js';
import { CLIENTS, Traffic } from './traffic.js';
import { serverWith } from './victims.js';

const RESTARTS = 100;
const MOST_ALIVE_MS = 1_500;
/** The grace is 5 s; a few clients need none of it. */
const END_MS = 6_000;

export function restartsOn(kind: StoreKind): Fault {
  return {
    name: `restart-${kind}`,
    title: `SIGTERM and a new start under traffic, ${STORE_TITLES[kind]}`,
    run: (settings) => restartAgainAndAgain(kind, settings),
  };
}

async function restartAgainAndAgain(kind: StoreKind, settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const database = await openDatabase(kind);
  const journal = new Journal(join(database.folder, 'journal'));
  const server = await serverWith(database, { JOURNAL: journal.file });
  let traffic: Traffic | undefined;
  const ends = new Tally();
  let longestMs = 0;
  try {
    await server.start();
    const talk = (traffic = await Traffic.begin('term', dice, () => server.port));
    const restart = async () => {
      // Most are stopped when clients are back, some before that, while rooms are restored.
      if (dice.below(4) > 0) await talk.until(() => talk.areOpen > 0, 'somebody is back');
      await sleep(dice.below(MOST_ALIVE_MS));
      const { end, tookMs } = await server.kill('SIGTERM');
      ends.add(end);
      longestMs = Math.max(longestMs, tookMs);
      await server.start();
    };
    const told = (done: number) => `${kind}: ${done} restarts, ${talk.sent} entries`;
    const count = await inRounds(settings, RESTARTS, restart, told);
    await traffic.settle();
    const hooks = journal.tally();
    return [
      ...auditRows(auditOf(traffic.clients), traffic.clients, `${count} restarts`),
      exactly('@OnConnect, @OnDisconnect', `${hooks.of('connect')}, ${hooks.of('disconnect')}`, `${CLIENTS}, 0`),
      exactly('rooms restored after what was not an orderly end', hooks.of('create crash'), 0),
      { what: 'processes ended with', bound: 'SIGTERM or 0', measured: `${ends}`, isMet: ends.hasOnly('SIGTERM', 0) },
      atMost('from the SIGTERM to the end, the longest', longestMs, END_MS, 'ms'),
    ];
  } finally {
    traffic?.end();
    await server.stop();
    await database.stop();
  }
}
