import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server that a spec has started, with its own folder. */
export interface TestServer {
  readonly port: number;
  readonly folder: string;
  /** kill -9; its files stay. */
  kill(): Promise<void>;
  /** SIGSTOP, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the server if it runs, and removes its files. */
  stop(): Promise<void>;
}

/**
 * Whether a program is installed. If not, prints what is skipped; with JAMSOCKET_REQUIRE_SERVERS=1 that is an error.
 */
export function hasServer(program: string | undefined, name: string): program is string {
  if (program !== undefined) return true;
  if (process.env.JAMSOCKET_REQUIRE_SERVERS === '1') throw new Error(`${name} is not installed.`);
  process.stderr.write(`SKIPPED: the specs that need ${name}, which is not installed.\n`);
  return false;
}

export function findRedis(): string | undefined {
  const program = process.env.REDIS_SERVER ?? 'redis-server';
  return spawnSync(program, ['--version']).status === 0 ? program : undefined;
}

/** @returns the folder of PostgreSQL's programs */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, 'bin'))];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'initdb')));
}

/** @param before a killed server, to restart on its port and with its files */
export async function startRedis(
  program: string,
  settings: readonly string[],
  before?: TestServer,
): Promise<TestServer> {
  const folder = before?.folder ?? mkdtempSync(join(tmpdir(), 'jamsocket-redis-'));
  const port = before?.port ?? (await freePort());
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...settings];
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await saidBy(server, server.stdout, 'Ready to accept connections');
  return serverOf(server, port, folder, 'SIGKILL');
}

/** Starts a Redis Sentinel that watches one master, and promotes a replica half a second after the master is gone. */
export async function startSentinel(program: string, name: string, master: TestServer): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  // Sentinel writes what it learns into this file.
  writeFileSync(file, `${lines.join('\n')}\n`);
  const server = spawn(program, [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await saidBy(server, server.stdout, 'Sentinel ID is');
  return serverOf(server, port, folder, 'SIGKILL');
}

export async function startPostgres(bin: string): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-postgres-'));
  const user = nobody();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ''}`);
  const port = await freePort();
  const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder];
  const server = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
  await saidBy(server, server.stderr, 'ready to accept connections');
  return serverOf(server, port, folder, 'SIGINT');
}

/** PostgreSQL refuses to run as root. */
function nobody(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function saidBy(server: ChildProcess, output: NodeJS.ReadableStream, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    output.on('data', (chunk) => {
      text = (text + chunk).slice(-10_000);
      if (text.includes(words)) resolve();
    });
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${text}`)));
  });
}

function serverOf(server: ChildProcess, port: number, folder: string, signal: NodeJS.Signals): TestServer {
  const end = async (how: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill(how);
    await once(server, 'exit');
  };
  return {
    port,
    folder,
    kill: () => end('SIGKILL'),
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop: async () => {
      server.kill('SIGCONT');
      await end(signal);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
