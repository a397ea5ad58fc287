import type { INestApplication } from '@nestjs/common';
import { build, type Plugin } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Vue and Svelte, which are installed only there. */
const BINDINGS = join(ROOT, 'test', 'compat', 'bindings');

export const hasFrameworks = existsSync(join(BINDINGS, 'node_modules', 'svelte'));

interface Answer {
  type(extension: string): { send(content: string): void };
}

/** Lets an application answer these paths with these contents. */
export function serve(files: Readonly<Record<string, string>>): (app: INestApplication) => void {
  return (app) => {
    for (const [path, content] of Object.entries(files))
      app.getHttpAdapter().get(path, (_request: unknown, answer: Answer) => {
        answer.type(extname(path) || '.html').send(content);
      });
  };
}

/** Compiles in a process of its own: jest resolves no module of another package. */
const COMPILE = `import { compile } from 'svelte/compiler';
  import { readFileSync } from 'node:fs';
  const [, filename] = process.argv;
  process.stdout.write(compile(readFileSync(filename, 'utf8'), { filename, generate: 'client' }).js.code);`;

const svelte: Plugin = {
  name: 'svelte',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.svelte$/ }, ({ path }) => {
      const args = ['--input-type=module', '-e', COMPILE, path];
      return { contents: execFileSync(process.execPath, args, { cwd: BINDINGS, encoding: 'utf8' }) };
    }),
};

/** Makes one script for the browser of a module in TypeScript. */
export async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    plugins: [svelte],
    nodePaths: [join(BINDINGS, 'node_modules')],
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0].text;
}
