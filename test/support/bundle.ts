import { build, stop } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Bundles a TypeScript file of the tests into one JavaScript file, for another process.
 * @param packages by name, the file of each package that it imports, from the root
 */
export async function bundle(
  entry: string,
  outfile: string,
  packages: Readonly<Record<string, string>>,
): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    tsconfig: join(ROOT, 'tsconfig.json'),
    external: Object.keys(packages),
  });
  // esbuild's own process would outlive the spec.
  await stop();
  let text = outputFiles[0].text;
  for (const [name, file] of Object.entries(packages))
    text = text.replaceAll(`from "${name}"`, `from ${JSON.stringify(pathToFileURL(join(ROOT, file)).href)}`);
  writeFileSync(outfile, text);
}
