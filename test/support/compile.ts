import { transform } from '@swc/core';
import { build, stop } from 'esbuild';
import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Compiles a program of the tests, with the library in it, for processes of its own. Decorators have their metadata, as Nest
 * needs it; packages are loaded from node_modules.
 * @returns the JavaScript file, and what removes it
 */
export async function compile(entry: string, name: string): Promise<{ file: string; remove: () => void }> {
  // Within the repository, so that node_modules are found.
  const folder = join(ROOT, 'node_modules', '.cache', `jamsocket-${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'program.mjs');
  const typescript = {
    name: 'typescript',
    setup: ({ onLoad }: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]) =>
      onLoad({ filter: /\.ts$/ }, async ({ path }) => ({ contents: await compiled(path), loader: 'js' as const })),
  };
  await build({
    entryPoints: [entry],
    bundle: true,
    outfile: file,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    tsconfig: join(ROOT, 'tsconfig.json'),
    packages: 'external',
    alias: aliases(),
    plugins: [typescript],
    logLevel: 'error',
  });
  // esbuild's own process would outlive the spec.
  await stop();
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function compiled(path: string): Promise<string> {
  const { code } = await transform(await readFile(path, 'utf8'), {
    filename: path,
    configFile: false,
    swcrc: false,
    module: { type: 'es6' },
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  });
  return code;
}

/** The library's own entries, which would be packages otherwise. */
function aliases(): Record<string, string> {
  const src = join(ROOT, 'libs', 'jamsocket', 'src');
  const entries = ['lmdb', 'redis', 'postgres', 'workers', 'prometheus'];
  return Object.fromEntries([
    ...entries.map((entry) => [`nestjs-jamsocket/${entry}`, join(src, `${entry}.ts`)]),
    ['nestjs-jamsocket', join(src, 'index.ts')],
  ]) as Record<string, string>;
}
