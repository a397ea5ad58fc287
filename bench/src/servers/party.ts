import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const port = Number(process.env.PORT);
const here = (path: string) => new URL(path, import.meta.url).pathname;
/** The program itself: its command is a script with another pid. */
const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string };

await build({
  entryPoints: [here('../../src/servers/party/worker.ts')],
  // The config embeds it from here.
  outfile: here('./party/worker.js'),
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser', 'import'],
  external: ['cloudflare:*', 'node:*'],
  logLevel: 'warning',
});

const config = here('../../src/servers/party/config.capnp');
const child = spawn(workerd, ['serve', config, `--socket-addr=http=127.0.0.1:${port}`], { stdio: 'inherit' });
let isStopping = false;
const stop = () => {
  isStopping = true;
  child.kill('SIGKILL');
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('exit', stop);
child.on('exit', (code, signal) => {
  if (!isStopping) process.stderr.write(`workerd ended: ${code ?? signal}\n`);
  process.exit(isStopping ? 0 : 1);
});

async function answers(): Promise<boolean> {
  try {
    const [response] = await once(get({ host: '127.0.0.1', port, agent: false }), 'response');
    response.resume();
    return true;
  } catch {
    return false;
  }
}

while (!(await answers())) await sleep(50);
process.stdout.write(`pid ${child.pid}\nready\n`);
