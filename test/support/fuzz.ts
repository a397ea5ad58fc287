import { randomInt } from 'node:crypto';

/** `npm run fuzz` does so many times as much, with another seed each time. Otherwise every run does the same. */
export const FUZZ = Number(process.env.FUZZ ?? 1);

/** `FUZZ_SEED=123 npm run fuzz` does once more what a run with this seed did. */
export const SEED = Number(process.env.FUZZ_SEED ?? (FUZZ === 1 ? 1 : randomInt(2 ** 31)));

if (FUZZ !== 1) process.stderr.write(`FUZZ=${FUZZ} FUZZ_SEED=${SEED}\n`);

/** Parameters of `fc.assert`. */
export function runs(count: number): { seed: number; numRuns: number } {
  return { seed: SEED, numRuns: count * FUZZ };
}
