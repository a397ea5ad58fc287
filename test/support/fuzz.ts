import { randomInt } from 'node:crypto';

/** `npm run fuzz` does this many times as many runs, with a random seed. Other runs are always the same. */
export const FUZZ = Number(process.env.FUZZ ?? 1);

/** `FUZZ_SEED=123 npm run fuzz` repeats the run with this seed. */
export const SEED = Number(process.env.FUZZ_SEED ?? (FUZZ === 1 ? 1 : randomInt(2 ** 31)));

if (FUZZ !== 1) process.stderr.write(`FUZZ=${FUZZ} FUZZ_SEED=${SEED}\n`);

/** Parameters of `fc.assert`. */
export function runs(count: number): { seed: number; numRuns: number } {
  return { seed: SEED, numRuns: count * FUZZ };
}
