import type { Settings } from '../fault.js';

/** Report the progress after this many rounds. */
const TELL_EVERY = 10;

/**
 * Repeats something as often, or for as long, as the settings say.
 * @param usual how often if the settings do not say
 * @returns how often it was done
 */
export async function inRounds(
  { count, minutes }: Settings,
  usual: number,
  round: () => Promise<void>,
  told: (done: number) => string,
): Promise<number> {
  const deadline = performance.now() + minutes * 60_000;
  for (let done = 1; ; done++) {
    await round();
    if (done % TELL_EVERY === 0) process.stderr.write(`  ${told(done)}\n`);
    if (done >= (count ?? usual) || performance.now() >= deadline) return done;
  }
}
