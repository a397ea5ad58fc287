import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../measure.js';

/** Processes behind one port. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Where the clients of every second room connect. */
  readonly second?: { readonly port: number };
  /** All processes whose CPU time counts. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

export const ONE = 'one process';
export const APART = '2 processes, a port each';

/** The application in one process. */
export async function oneProcess(): Promise<Subject> {
  const { child, port } = await start('ours-plain', {});
  return { name: ONE, port, pid: child.pid!, pids: [child.pid!], stop: () => stop(child) };
}

/** Two processes, each with every second room: what two processes cost where nothing leads clients to their rooms. */
export async function twoProcesses(): Promise<Subject> {
  const [one, two] = await Promise.all([start('ours-plain', {}), start('ours-plain', {})]);
  return {
    name: APART,
    port: one.port,
    pid: one.child.pid!,
    second: two,
    pids: [one.child.pid!, two.child.pid!],
    stop: async () => void (await Promise.all([stop(one.child), stop(two.child)])),
  };
}

export async function workers(count: number, handsOver = true): Promise<Subject> {
  const env = { WORKERS: `${count}`, HAND_OVER: handsOver ? 'on' : 'off' };
  const { child, port, pids } = await start('ours-workers', env);
  const name = `${count} workers${handsOver ? '' : ', relayed'}`;
  return { name, port, pid: pids[1], pids, stop: () => stop(child) };
}

/** As teams do it: nginx in front of processes, which chooses by the path. */
export async function behindNginx(count: number): Promise<Subject> {
  const started = await Promise.all(Array.from({ length: count }, () => start('ours-plain', {})));
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-nginx-'));
  const servers = started.map((each) => `server 127.0.0.1:${each.port};`).join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 20000; }
    http {
      access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      upstream app { hash $uri consistent; ${servers} }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://app; proxy_http_version 1.1; proxy_read_timeout 1h;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $host;
        }
      }
    }`,
  );
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await sleep(1_000);
  const ofWorkers = await childrenOf(nginx.pid!);
  return {
    name: `${count} processes behind nginx`,
    port,
    pid: started[0].child.pid!,
    pids: [...started.map(({ child }) => child.pid!), nginx.pid!, ...ofWorkers],
    stop: async () => {
      await stop(nginx, 'SIGTERM');
      await Promise.all(started.map(({ child }) => stop(child)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(
  server: string,
  settings: Record<string, string>,
): Promise<{ child: ChildProcess; port: number; pids: number[] }> {
  const port = await freePort();
  const program = new URL(`../servers/${server}.js`, import.meta.url).pathname;
  const env = { ...process.env, NODE_ENV: 'production', PORT: `${port}`, ...settings };
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let pids: number[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('pids ')) pids = line.split(' ').slice(1).map(Number);
      if (line === 'ready') resolve();
    });
    child.once('exit', () => reject(new Error(`${server} did not start`)));
  });
  return { child, port, pids };
}

async function childrenOf(pid: number): Promise<number[]> {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', `${pid}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  ps.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(ps, 'close');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** Workers end with their primary. */
async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
