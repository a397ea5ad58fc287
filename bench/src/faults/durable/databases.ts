import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../measure.js';
import type { StoreAddress, StoreKind } from './open-store.js';

/**
 * Redis survives the death of the application at any level of durability; `everysec` is the most common one.
 * LMDB and PostgreSQL have their defaults: both flush each commit to the disk.
 */
export const STORE_TITLES: Readonly<Record<StoreKind, string>> = {
  lmdb: 'LMDB',
  redis: 'Redis (AOF everysec)',
  postgres: 'PostgreSQL',
};

/** A database for one fault, in its own folder. */
export interface Database {
  readonly kind: StoreKind;
  readonly folder: string;
  readonly address: StoreAddress;
  /** Environment variables with which the demo uses it. */
  readonly demoEnv: NodeJS.ProcessEnv;
  /** Ids of the database server's processes; none for LMDB. */
  pids(): number[];
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export type AofLevel = 'everysec' | 'always';

/** @param aof of Redis */
export async function openDatabase(kind: StoreKind, aof: AofLevel = 'everysec'): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), `jamsocket-faults-${kind}-`));
  if (kind === 'lmdb') return lmdbAt(folder);
  return kind === 'redis' ? startRedis(folder, aof) : startPostgres(folder);
}

function lmdbAt(folder: string): Database {
  const path = join(folder, 'rooms');
  return {
    kind: 'lmdb',
    folder,
    address: { kind: 'lmdb', at: path },
    demoEnv: { DATA_DIR: path },
    pids: () => [],
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function startRedis(folder: string, aof: AofLevel): Promise<Database> {
  const port = await freePort();
  const settings = ['--save', '', '--appendonly', 'yes', '--appendfsync', aof];
  const server = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await said(server, server.stdout, 'Ready to accept connections');
  const url = `redis://127.0.0.1:${port}`;
  return {
    kind: 'redis',
    folder,
    address: { kind: 'redis', at: url },
    demoEnv: { REDIS_URL: url },
    pids: () => [server.pid!],
    stop: () => ended(server, 'SIGKILL', folder),
  };
}

async function startPostgres(folder: string): Promise<Database> {
  const bin = postgresBin();
  const user = postgresUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  const made = spawnSync(join(bin, 'initdb'), args, { ...user, cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  await said(server, server.stderr, 'ready to accept connections');
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    kind: 'postgres',
    folder,
    address: { kind: 'postgres', at: url },
    demoEnv: { POSTGRES_URL: url },
    pids: () => [server.pid!, ...childrenOf(server.pid!)],
    stop: () => ended(server, 'SIGINT', folder),
  };
}

function postgresBin(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, 'bin'))].find(
    (folder) => folder !== undefined && existsSync(join(folder, 'initdb')),
  );
  if (bin === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return bin;
}

/** PostgreSQL refuses to run as root. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' });
  return stdout.trim().split(/\s+/).filter(Boolean).map(Number);
}

async function said(server: ChildProcess, output: NodeJS.ReadableStream, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    output.on('data', (chunk) => {
      text = (text + chunk).slice(-10_000);
      if (text.includes(words)) resolve();
    });
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${server.spawnfile} ended with ${code}: ${text}`)));
  });
}

async function ended(server: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGCONT');
    server.kill(signal);
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
}
