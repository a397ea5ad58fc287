import { setTimeout as sleep } from 'node:timers/promises';

/** The memory of this process that is in use after a collection. Needs `--expose-gc`. */
export async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await sleep(10);
    globalThis.gc!();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
