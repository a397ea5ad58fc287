import { afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TextClient } from './text-client';

/** `npm run build` made it: here Node itself requires the library, an ES module, with nothing of jest between them. */
const MAIN = join(__dirname, '../dist/main.js');

describe('The compiled CommonJS app', () => {
  let child: ChildProcess | undefined;

  afterEach(() => {
    child?.kill('SIGKILL');
  });

  it('serves rooms, and on SIGTERM closes their clients with 1012 and exits', async () => {
    child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const url = await listeningUrl(child);
    const client = await TextClient.connect(`${url}/ws/lobby`);
    expect(await client.next()).toBe('client1 has joined lobby');

    const closed = client.closed();
    child.kill('SIGTERM');
    expect(await closed).toBe(1012);
    await exited;
  });
});

async function listeningUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /^listening on http(.*)$/.exec(line)?.[1];
    if (url !== undefined) return `ws${url}`;
  }
  throw new Error('the app ended before it listened');
}
