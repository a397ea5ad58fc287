import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../measure.js';

/** What a durable server saves to: environment variables for `openStore`, and how to end it. */
export interface Database {
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export function lmdb(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-bench-lmdb-'));
  return Promise.resolve({
    env: { LMDB: folder },
    stop: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  });
}

export async function redis(appendfsync: 'everysec' | 'always'): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-bench-redis-'));
  const port = await freePort();
  const settings = ['--save', '', '--appendonly', 'yes', '--appendfsync', appendfsync];
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...settings];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(child, child.stdout, 'Ready to accept connections');
  return { env: { REDIS_URL: `redis://127.0.0.1:${port}` }, stop: () => end(child, folder, 'SIGTERM') };
}

/** PostgreSQL as Debian installs it, with its default settings, so that each commit is flushed. */
export async function postgres(): Promise<Database> {
  const root = '/usr/lib/postgresql';
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  if (version === undefined) throw new Error('PostgreSQL is not installed.');
  const bin = join(root, version, 'bin');
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-bench-postgres-'));
  const user = unprivileged();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'], {
    ...user,
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder];
  const child = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
  await said(child, child.stderr, 'ready to accept connections');
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  return { env: { POSTGRES_URL: url }, stop: () => end(child, folder, 'SIGINT') };
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function said(child: ChildProcess, output: NodeJS.ReadableStream, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    output.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000);
      if (text.includes(words)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the database ended with ${code}: ${text}`)));
  });
}

async function end(child: ChildProcess, folder: string, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
