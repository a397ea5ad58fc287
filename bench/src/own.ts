import { once } from 'node:events';
import { spawn } from 'node:child_process';

/** What is measured of nestjs-jamsocket alone, inside one process. */
export interface OwnFigures {
  readonly bytesPerRoom: number;
  readonly roomsPerSecond: number;
  readonly bytesPerTimer: number;
  readonly idleCpuWithTimers: number;
  readonly idleCpuWithoutTimers: number;
}

const program = new URL('./servers/ours-alone.js', import.meta.url).pathname;

export async function measureOwn(): Promise<OwnFigures> {
  const child = spawn(process.execPath, ['--expose-gc', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('the measurement of rooms and timers failed');
  return JSON.parse(text) as OwnFigures;
}
