import { JamsocketError } from './errors.js';
import type { JamsocketClock } from './sources.js';

/**
 * Waits for an answer, but not longer than `ms`. A later answer is ignored.
 * @throws the error of `answer`, or the error that `late` returns
 */
export function withDeadline<T>(answer: Promise<T>, ms: number, clock: JamsocketClock, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(late()), ms);
    answer.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

/**
 * Waits for `work`, but not longer than `ms`: work that never settles must not block the callers that wait for it.
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
