import { JamsocketError } from './errors.js';
import type { JamsocketClock } from './sources.js';

/**
 * Waits for `work` and no longer: a room that never gets ready must not keep its place, nor those who wait for it.
 * @throws JamsocketError `handler_timeout`
 */
export async function withinTimeout(
  work: Promise<void>,
  ms: number,
  clock: JamsocketClock,
  message: () => string,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => reject(new JamsocketError('handler_timeout', message())), ms);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clock.clearTimeout(timer!);
  }
}
