import { setTimeout as sleep } from 'node:timers/promises';
import { Tally } from '../crowd.js';
import { exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { openDatabase, STORE_TITLES } from './databases.js';
import type { StoreKind } from './open-store.js';
import { Dice } from './dice.js';
import { PlainClient } from './plain-client.js';
import { inRounds } from './rounds.js';
import { Traffic } from './traffic.js';
import type { Victim } from './victim.js';
import { serverWith } from './victims.js';

const ROUNDS = 40;
const TALK_MS = 300;

export function zombieOn(kind: StoreKind): Fault {
  return {
    name: `zombie-${kind}`,
    title: `Two processes and the same rooms, ${STORE_TITLES[kind]}`,
    run: (settings) => takeFromEachOther(kind, settings),
  };
}

/**
 * A process is paused. Another one takes its rooms, and its clients with `jamsocket.v1` connect there. Then the first
 * process continues, with its other clients and the entries that they have sent meanwhile.
 */
async function takeFromEachOther(kind: StoreKind, settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const database = await openDatabase(kind);
  const servers = [await serverWith(database), await serverWith(database)];
  let owner = 0;
  let traffic: Traffic | undefined;
  const found = { endings: new Tally(), heard: 0, left: 0 };
  try {
    await Promise.all(servers.map((server) => server.start()));
    const talk = (traffic = await Traffic.begin('zombie', dice, () => servers[owner].port));
    const take = async () => {
      await sleep(dice.below(TALK_MS));
      await leaveBehind(kind, servers[owner], talk, () => (owner = 1 - owner), found);
    };
    const count = await inRounds(settings, ROUNDS, take, (done) => `${kind}: ${done} rounds, ${talk.sent} entries`);
    await traffic.settle();
    const { endings, heard, left } = found;
    return [
      ...auditRows(auditOf(traffic.clients), traffic.clients, `${count} times the other process took the rooms`),
      exactly('clients that were left behind, closed with', `${endings}`, `${left} × 1012 the room has moved`),
      exactly('what they were told of what they said to the process that had lost the room', heard, 0),
    ];
  } finally {
    traffic?.end();
    await Promise.all(servers.map((server) => server.stop()));
    await database.stop();
  }
}

interface Found {
  readonly endings: Tally;
  heard: number;
  left: number;
}

async function leaveBehind(kind: StoreKind, zombie: Victim, traffic: Traffic, move: () => void, found: Found) {
  await traffic.until(() => traffic.areOpen === traffic.clients.length, 'everyone is in');
  const rooms = [...new Set(traffic.clients.map(({ roomName }) => roomName))];
  const left = await Promise.all(rooms.map((room) => PlainClient.in(zombie.url(`ledger/${room}`))));
  found.left += left.length;
  // A process that is paused during a commit keeps the lock of LMDB, so no other process could commit.
  if (kind === 'lmdb') await traffic.hush();
  process.kill(zombie.pid, 'SIGSTOP');
  traffic.resume();
  // Not counted by the audit, since no client may ever receive it.
  for (const client of left) client.send('add ghost-1 1000000');
  const opens = traffic.opens;
  move();
  // Their connections are as dead as the process. Their heartbeats would find that later.
  for (const client of traffic.clients) client.cut();
  await traffic.until(() => traffic.opens >= opens + traffic.clients.length, 'everyone is at the other process');
  process.kill(zombie.pid, 'SIGCONT');
  const heardBefore = left.map(({ texts }) => texts.length);
  const ends = await Promise.race([Promise.all(left.map(({ closed }) => closed)), sleep(20_000, undefined)]);
  for (const client of left) {
    found.endings.add(client.ending === null ? 'not closed' : `${client.ending.code} ${client.ending.reason}`);
    client.close();
  }
  void ends;
  found.heard += left
    .flatMap(({ texts }, at) => texts.slice(heardBefore[at]))
    .filter((text) => text.includes('ghost')).length;
}
