import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { openDatabase, STORE_TITLES, type Database } from './databases.js';
import type { StoreKind } from './open-store.js';
import { Dice } from './dice.js';
import { RecordModels, type RecordDigest } from './record-models.js';
import { inRounds } from './rounds.js';
import { ROOMS, Traffic } from './traffic.js';
import type { Victim } from './victim.js';
import { serverWith } from './victims.js';
import type { StoreNews } from './watched-store.js';

const KILLS = 200;
/** The kill comes up to this many milliseconds, or commit times if these are longer, after the commit began. */
const MOST_LATER_MS = 5;
const OF_A_COMMIT = 1.5;
/** Most commits before the one that is interrupted. */
const MOST_COMMITS = 60;
const reader = new URL('./reader.js', import.meta.url).pathname;

export function midCommitOn(kind: StoreKind): Fault {
  return {
    name: `mid-commit-${kind}`,
    title: `kill -9 in the middle of a commit, ${STORE_TITLES[kind]}`,
    run: (settings) => killInMidCommit(kind, settings),
  };
}

async function killInMidCommit(kind: StoreKind, settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const database = await openDatabase(kind);
  const server = await serverWith(database, { WATCHED: '1' });
  const models = new RecordModels();
  const rooms = Array.from({ length: ROOMS }, (_, n) => `mid-${n}`);
  let traffic: Traffic | undefined;
  try {
    await server.start();
    server.onMessage = (news) => models.hear(news as StoreNews);
    const talk = (traffic = await Traffic.begin('mid', dice, () => server.port));
    const kill = async () => {
      await killDuringCommit(server, models, dice);
      models.check(await readIn(database, rooms));
      await server.start();
    };
    const told = (done: number) => `${kind}: ${done} kills in mid-commit, ${talk.sent} entries`;
    const count = await inRounds(settings, KILLS, kill, told);
    await traffic.settle();
    const { old, changed, torn, midCommit } = models;
    return [
      {
        what: `records after ${count} kills, read in a fresh process`,
        bound: 'old or new, 0 torn',
        measured: `${old} old, ${changed} new, ${torn} torn; in between ${models.between}`,
        isMet: torn === 0 && old + changed > 0,
      },
      atLeast(`of ${count} kills, those before the commit was known to be done`, midCommit, Math.floor(count / 10)),
      ...auditRows(auditOf(traffic.clients), traffic.clients, `${count} kills`),
      exactly('commits of which the parent had not heard', models.unheard, 0),
    ];
  } finally {
    traffic?.end();
    await server.stop();
    await database.stop();
  }
}

/** Resolves when the server is dead and all its messages have been read. */
async function killDuringCommit(server: Victim, models: RecordModels, dice: Dice): Promise<void> {
  const after = models.commits + 1 + dice.below(MOST_COMMITS);
  const deadline = performance.now() + 60_000;
  await new Promise<void>((resolve, reject) => {
    server.onMessage = (news) => {
      models.hear(news as StoreNews);
      if ('begun' in (news as StoreNews) && models.commits >= after) resolve();
    };
    void sleep(60_000, undefined, { ref: false }).then(() => reject(new Error('no commit for 60 s')));
  });
  const mostMs = Math.max(MOST_LATER_MS, models.typicalMs * OF_A_COMMIT);
  const laterMs = (dice.below(1_000) / 1_000) * mostMs;
  const from = performance.now();
  while (performance.now() - from < laterMs && performance.now() < deadline) await new Promise(setImmediate);
  if (models.isUnderWay) models.midCommit++;
  await server.kill('SIGKILL');
  await sleep(20);
}

async function readIn({ address }: Database, rooms: readonly string[]): Promise<RecordDigest[]> {
  const child = spawn(process.execPath, [reader, JSON.stringify(address), ...rooms], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The reader ended with ${code}`);
  return JSON.parse(text) as RecordDigest[];
}
