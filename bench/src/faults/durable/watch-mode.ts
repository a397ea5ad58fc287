import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import { Dice } from './dice.js';
import { inRounds } from './rounds.js';
import { CLIENTS, Traffic } from './traffic.js';
import { REPOSITORY, Victim } from './victim.js';

const CHANGES = 50;
/** Everything that `npm run start:dev` needs, except node_modules. */
const COPIED = ['src', 'libs', 'public', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
/** The compiler may need a while on a busy machine. */
const RESTART_MS = 180_000;

export const watchMode: Fault = {
  name: 'watch-lmdb',
  title: 'npm run start:dev and a changed source file under traffic, LMDB',
  run: changeAgainAndAgain,
};

async function changeAgainAndAgain(settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const copy = copyOfRepository();
  const demo = await Victim.on({
    command: ['npm', 'run', 'start:dev'],
    cwd: copy,
    env: { DATA_DIR: join(copy, 'rooms'), NODE_ENV: 'development' },
    ready: 'Try the rooms at',
    isGroup: true,
  });
  let traffic: Traffic | undefined;
  const hooks = { connects: 0, disconnects: 0 };
  try {
    await demo.start();
    const talk = (traffic = await Traffic.begin('watch', dice, () => demo.port));
    const change = async () => {
      await countHooks(demo, hooks);
      const before = demo.readyCount;
      appendFileSync(join(copy, 'src/rooms/ledger.room.ts'), `// Change ${before}.\n`);
      await demo.ready(before + 1, RESTART_MS);
      await talk.until(() => talk.areOpen === CLIENTS, 'everyone is back');
    };
    const count = await inRounds(settings, CHANGES, change, (done) => `${done} changes, ${talk.sent} entries`);
    await traffic.settle();
    await countHooks(demo, hooks);
    return [
      ...auditRows(auditOf(traffic.clients), traffic.clients, `${count} changes`),
      exactly('joins and leaves of ledgers, by metrics', `${hooks.connects}, ${hooks.disconnects}`, `${CLIENTS}, 0`),
    ];
  } finally {
    traffic?.end();
    await demo.stop();
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyOfRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'jamsocket-faults-watch-'));
  for (const name of COPIED)
    cpSync(join(REPOSITORY, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/node_modules|\/dist(\/|$)/.test(path.slice(REPOSITORY.length)),
    });
  symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
  // The demo's specs are not watched.
  spawnSync('find', [join(copy, 'src'), '-name', '*.spec.ts', '-delete']);
  return copy;
}

/** Metrics begin anew with each process. */
async function countHooks(demo: Victim, hooks: { connects: number; disconnects: number }): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${demo.port}/metrics`);
  const text = await response.text();
  hooks.connects += sumOf(text, 'jamsocket_clients_connected_total');
  hooks.disconnects += sumOf(text, 'jamsocket_clients_disconnected_total');
}

function sumOf(metrics: string, name: string): number {
  const samples = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes('ledger'));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
