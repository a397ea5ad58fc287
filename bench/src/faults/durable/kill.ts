import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { openDatabase, STORE_TITLES } from './databases.js';
import type { StoreKind } from './open-store.js';
import { Dice } from './dice.js';
import { inRounds } from './rounds.js';
import { Traffic } from './traffic.js';
import { demoWith } from './victims.js';

const KILLS = 200;
/** Longest time from a start to the kill, in milliseconds; the time is random. */
const MOST_ALIVE_MS = 1_500;

export function killOn(kind: StoreKind): Fault {
  return {
    name: `kill-${kind}`,
    title: `kill -9 of the demo at random moments under traffic, ${STORE_TITLES[kind]}`,
    run: (settings) => killAgainAndAgain(kind, settings),
  };
}

async function killAgainAndAgain(kind: StoreKind, settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const database = await openDatabase(kind);
  const demo = await demoWith(database);
  let traffic: Traffic | undefined;
  let inTraffic = 0;
  try {
    await demo.start();
    const talk = (traffic = await Traffic.begin('kill', dice, () => demo.port));
    const kill = async () => {
      // Most are killed when clients are back, some before that, while rooms are restored.
      if (dice.below(4) > 0) await talk.until(() => talk.areOpen > 0, 'somebody is back');
      await sleep(dice.below(MOST_ALIVE_MS));
      if (talk.areOpen > 0) inTraffic++;
      await demo.kill('SIGKILL');
      await demo.start();
    };
    const count = await inRounds(settings, KILLS, kill, (done) => `${kind}: ${done} kills, ${talk.sent} entries`);
    await traffic.settle();
    return [
      ...auditRows(auditOf(traffic.clients), traffic.clients, `${count} kills`),
      atLeast(`of ${count} kills, those with clients in the rooms`, inTraffic, Math.floor(count / 2)),
    ];
  } finally {
    traffic?.end();
    await demo.stop();
    await database.stop();
  }
}
