import type { Settings } from '../fault.js';

/** Someone may wait for the end: so often the run says how far it is. */
const TELL_EVERY = 10;

/**
 * Does something again and again, as often as the settings say.
 * @param usual how often if they do not
 * @returns how often it was
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
