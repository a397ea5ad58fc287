import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A plain script without types. */
const BUILD = '../../libs/client/build.mjs' as string;

/** The client, built into a folder of its own, so that no other spec's build gets in the way. */
export interface BuiltClient {
  readonly path: string;
  remove(): Promise<void>;
}

export async function buildClient(): Promise<BuiltClient> {
  const { build } = (await import(BUILD)) as { build(folder: string): Promise<number> };
  const folder = await mkdtemp(join(tmpdir(), 'jamsocket-client-'));
  await build(folder);
  return { path: join(folder, 'index.js'), remove: () => rm(folder, { recursive: true }) };
}
