// Builds the package: `node libs/client/build.mjs`, or `build(folder)` into another folder without the types.
import { minify } from '@swc/core';
import { build as bundle } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

/** What the package may weigh without React: gzipped bytes of dist/index.js, partysocket included. */
const MAX_GZIPPED_BYTES = 8350;
const HERE = import.meta.dirname;

/** Members of partysocket's class that nothing uses. */
const UNUSED =
  /^ {2}(?:get (?:retryCount|bufferedAmount|extensions|url|shouldReconnect)|drainQueuedMessages)\(\) \{\n.*?^ {2}\}\n/gms;

/** Leaves out these, and partysocket's log lines, which only its `debug` option would show; this package does not have it. */
const withoutUnused = {
  name: 'without unused code of partysocket',
  setup({ onLoad }) {
    onLoad({ filter: /partysocket\/dist\/ws\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replace(UNUSED, '')
        .replace(/^ *this\._debug\([^;]*\);$/gm, ''),
    }));
  },
};

/** Each is an export of the package, with what it takes from elsewhere: all of them share one copy of the client. */
const EXTERNAL = {
  index: [],
  'bindings/react': ['react', '../index.js'],
  'bindings/vue': ['vue', '../index.js'],
  'bindings/svelte': ['svelte', 'svelte/reactivity', '../index.js'],
};

/** @returns gzipped bytes of index.js, without the comment that names its source map */
export async function build(folder) {
  mkdirSync(join(folder, 'bindings'), { recursive: true });
  let bytes;
  for (const name of Object.keys(EXTERNAL)) {
    const { code, map } = await minified(await bundled(name));
    writeFileSync(join(folder, `${name}.js`), `${code}//# sourceMappingURL=${basename(name)}.js.map\n`);
    writeFileSync(join(folder, `${name}.js.map`), map);
    if (name === 'index') bytes = gzipSync(code, { level: 9 }).length;
  }
  if (bytes > MAX_GZIPPED_BYTES)
    throw new Error(`dist/index.js has ${bytes} bytes gzipped, and may have ${MAX_GZIPPED_BYTES}.`);
  return bytes;
}

/** @returns code that ends with its source map */
async function bundled(name) {
  const { outputFiles } = await bundle({
    entryPoints: [join(HERE, 'src', `${name}.ts`)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    sourcemap: 'inline',
    outdir: dirname(join(HERE, 'dist', name)),
    external: EXTERNAL[name],
    // partysocket's private members.
    mangleProps: /^_/,
    // partysocket's warnings: of a missing WebSocket and of sends while closed, which are errors here.
    drop: ['console'],
    plugins: [withoutUnused],
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: true } },
  });
  return outputFiles[0].text;
}

/** swc inlines constants and esbuild shortens private names; neither does both. */
async function minified(text) {
  const [, code, encoded] = /^(.*)\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/s.exec(text);
  const content = Buffer.from(encoded, 'base64').toString();
  const options = { module: true, compress: { passes: 3 }, mangle: { toplevel: true }, ecma: 2022 };
  const smaller = await minify(code, { ...options, sourceMap: { filename: 'bundle.js', content } });
  const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(smaller.map).toString('base64')}`;
  const { outputFiles } = await bundle({
    stdin: { contents: `${smaller.code}\n${comment}`, sourcefile: 'bundle.js', resolveDir: HERE },
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    sourcemap: 'external',
    outdir: HERE,
  });
  const [map, { text: least }] = outputFiles;
  return { code: least, map: map.text };
}

/** Only of this package: nothing in its types refers to the protocol's file, which lies outside. */
function emitTypes(folder) {
  const scratch = mkdtempSync(join(tmpdir(), 'jamsocket-client-types-'));
  try {
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.lib.json'), '--outDir', scratch], {
      stdio: 'inherit',
    });
    const types = join(scratch, 'client', 'src');
    const files = readdirSync(types, { recursive: true }).filter((file) => file.endsWith('.d.ts'));
    const internal = files.filter((file) => referredBy(types, file).some((name) => /^(\.\.|partysocket)/.test(name)));
    const isReferred = (file) =>
      files.some((other) => !internal.includes(other) && referredBy(types, other).includes(file));
    const leaking = internal.filter(isReferred);
    if (leaking.length > 0) throw new Error(`The types of the package refer to ${leaking.join(', ')}.`);
    for (const file of files) if (!internal.includes(file)) cpSync(join(types, file), join(folder, file));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Files by their path below `types`, which begins with `..` for those outside, and packages by name. */
function referredBy(types, file) {
  const names = readFileSync(join(types, file), 'utf8').matchAll(/(?:\bfrom|\bimport\()\s*'([^']+)'/g);
  return [...names].map(([, name]) =>
    name.startsWith('.') ? join(dirname(file), name.replace(/\.js$/, '.d.ts')) : name,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const dist = join(HERE, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const bytes = await build(dist);
  emitTypes(dist);
  process.stdout.write(`dist/index.js: ${bytes} bytes gzipped, of ${MAX_GZIPPED_BYTES}\n`);
}
