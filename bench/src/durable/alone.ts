import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Database } from '../faults/durable/databases.js';
import { envOf } from './measured-store.js';

/** 10,000 rooms without clients in one process. */
export interface AloneFigures {
  /** Rooms created or restored a second, 64 at a time. Each answers a call; the answer leaves when the room is saved. */
  readonly roomsPerSecond: number;
  readonly bytesPerRoom: number;
  /** Part of a core that the idle process uses. */
  readonly idleCpu: number;
}

const program = new URL('../servers/durable-alone.js', import.meta.url).pathname;

/** @param database without it the rooms are not durable */
export async function measureAlone(how: 'made' | 'restored', database?: Database): Promise<AloneFigures> {
  const child = spawn(process.execPath, ['--expose-gc', program, how], {
    env: { ...process.env, NODE_ENV: 'production', ...envOf(database) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('the measurement of 10,000 rooms failed');
  return JSON.parse(text) as AloneFigures;
}
