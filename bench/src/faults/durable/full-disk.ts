import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exactly, type Fault, type Row, type Settings } from '../fault.js';
import { auditOf, auditRows } from './audit.js';
import type { Database } from './databases.js';
import { Dice } from './dice.js';
import { PlainClient } from './plain-client.js';
import { Traffic } from './traffic.js';
import { serverWith } from './victims.js';

const DISK_MIB = 24;
const PAGE = 4_096;
/** Free space: commits fail when the traffic needs more. */
const LEFT_BYTES = 64 * 1024;
/** Until the last client must have been sent away: pages that are free are used up first. */
const FULL_MS = 40_000;

export const fullDisk: Fault = {
  name: 'full-disk-lmdb',
  title: 'A disk that is full under traffic, LMDB on a file system of 24 MiB',
  run: async (settings) => [...(await fillDisk(settings, 'space')), ...(await fillDisk(settings, 'kill'))],
};

/** @param way whether the server runs on when there is space again, or is killed before */
async function fillDisk({ seed }: Settings, way: 'space' | 'kill'): Promise<Row[]> {
  const disk = mountDisk();
  const filler = join(disk, 'filler');
  const address = { kind: 'lmdb', at: join(disk, 'rooms') } as const;
  const database: Database = { kind: 'lmdb', folder: disk, address, demoEnv: {}, pids: () => [], stop: async () => {} };
  const server = await serverWith(database);
  let traffic: Traffic | undefined;
  try {
    await server.start();
    traffic = await Traffic.begin(`full-${way}`, new Dice(seed), () => server.port);
    const plain = await PlainClient.in(server.url(`ledger/full-${way}-0`));
    await sleep(2_000);
    fill(disk, filler);
    const full = traffic.sent;
    await Promise.race([plain.closed, sleep(FULL_MS)]);
    const ending = plain.ending === null ? 'not closed' : `${plain.ending.code} ${plain.ending.reason}`;
    const late = await PlainClient.connect(server.url(`ledger/full-${way}-0`));
    const isAlive = server.isRunning;
    if (way === 'kill') await server.kill('SIGKILL');
    rmSync(filler);
    if (way === 'kill') await server.start();
    await traffic.until(() => traffic!.areOpen === traffic!.clients.length, 'everyone is back');
    await sleep(1_000);
    await traffic.settle();
    const then = way === 'kill' ? 'killed, and started with space' : 'space again';
    return [
      exactly(
        `full, then ${then}: the process lives, a client that cannot resume, a connect`,
        `${isAlive ? 'yes' : 'no'}; ${ending}; ${typeof late === 'string' ? late : 'let in'}`,
        'yes; 1013 the store does not answer; 503 store_unavailable, Retry-After 1',
      ),
      ...auditRows(auditOf(traffic.clients), traffic.clients, `full, then ${then}`),
      exactly(
        `full, then ${then}: entries were added before and after`,
        full > 0 && traffic.sent > full ? 'yes' : 'no',
        'yes',
      ),
    ];
  } finally {
    traffic?.end();
    await server.stop();
    unmountDisk(disk);
  }
}

function mountDisk(): string {
  const disk = mkdtempSync(join(tmpdir(), 'jamsocket-faults-disk-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`A file system of its own needs the rights to mount one: ${stderr}`);
  return disk;
}

function unmountDisk(disk: string): void {
  spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
}

function fill(disk: string, file: string): void {
  const { bavail, bsize } = statfsSync(disk);
  const bytes = Math.max(PAGE, bavail * bsize - LEFT_BYTES);
  writeFileSync(file, Buffer.alloc(bytes));
}
