import type { INestApplication } from '@nestjs/common';
import { build } from 'esbuild';
import { extname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

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

/** Makes one script for the browser of a module in TypeScript. */
export async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return outputFiles[0].text;
}
