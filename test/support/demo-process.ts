import { transform } from '@swc/core';
import { build, stop, type Plugin } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildClient } from './built-client.js';
import { freePort } from './servers.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** The demo as one file, with the current sources, for processes of its own. */
export interface DemoBuild {
  readonly folder: string;
  remove(): void;
}

/** A demo that runs in a process of its own. */
export interface DemoProcess {
  readonly http: string;
  readonly port: number;
  readonly output: string;
  /** kill -9 */
  kill(): Promise<void>;
}

/** As the compiler of Nest does: esbuild alone does not write the types of parameters, from which Nest injects. */
const WITH_METADATA: Plugin = {
  name: 'decorator-metadata',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        filename: path,
        swcrc: false,
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      });
      return { contents: code, loader: 'js' };
    });
  },
};

export async function buildDemo(): Promise<DemoBuild> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-demo-build-'));
  await build({
    entryPoints: [join(ROOT, 'src', 'main.ts')],
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    packages: 'external',
    alias: libraries(),
    plugins: [WITH_METADATA],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    tsconfigRaw: {},
  });
  // esbuild's own process would outlive the spec.
  await stop();
  const client = await buildClient();
  // What the demo reads at run time, it finds by the `imports` of its package.json.
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const name of ['node_modules', 'public', 'src', 'website']) symlinkSync(join(ROOT, name), join(folder, name));
  mkdirSync(join(folder, 'libs', 'client'), { recursive: true });
  symlinkSync(join(ROOT, 'libs', 'jamsocket'), join(folder, 'libs', 'jamsocket'));
  cpSync(join(ROOT, 'libs', 'client', 'package.json'), join(folder, 'libs', 'client', 'package.json'));
  cpSync(join(client.path, '..'), join(folder, 'libs', 'client', 'dist'), { recursive: true });
  await client.remove();
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @param environment such as REDIS_URL, DATA_DIR and PORT (default: a free one) */
export async function startDemoProcess(
  { folder }: DemoBuild,
  environment: Readonly<Record<string, string>>,
): Promise<DemoProcess> {
  const port = Number(environment.PORT ?? (await freePort()));
  const child = spawn(process.execPath, [join(folder, 'dist', 'main.js')], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'test', NO_COLOR: '1', ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-50_000);
      if (output.includes('Try the rooms at')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', (code) => reject(new Error(`The demo ended with ${code}: ${output}`)));
  });
  return {
    http: `http://127.0.0.1:${port}`,
    port,
    get output() {
      return output;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** The packages of this repository are bundled from their sources. */
function libraries(): Record<string, string> {
  const entries = ['inspector', 'lmdb', 'opentelemetry', 'postgres', 'prometheus', 'redis', 'workers'];
  const source = (name: string) => join(ROOT, 'libs', 'jamsocket', 'src', `${name}.ts`);
  return {
    ...Object.fromEntries(entries.map((name) => [`nestjs-jamsocket/${name}`, source(name)])),
    'nestjs-jamsocket': source('index'),
  };
}
