/** So few are handled together in any case. */
const LEAST_AT_ONCE = 8;
/** So many together at most. */
const MOST_AT_ONCE = 100;
/** No batch begins another item after this time: a message that comes meanwhile waits no longer (measured: it was up to 4 ms). */
const BATCH_MS = 0.25;
/** Between two batches, so that this work leaves most of the time to everything else. */
const GAP_MS = 1;

/**
 * Calls `handle` for each item in order: for the first ones now, for the others in short batches later. Thousands at once would
 * let everything else wait.
 * @param handle must not throw
 * @param now milliseconds
 */
export function inBatches<T>(items: readonly T[], handle: (item: T) => void, now = () => performance.now()): void {
  let next = 0;
  const batch = () => {
    const [first, until] = [next, now() + BATCH_MS];
    const mayGoOn = () => next - first < LEAST_AT_ONCE || (next - first < MOST_AT_ONCE && now() < until);
    while (next < items.length && mayGoOn()) handle(items[next++]);
    if (next < items.length) setTimeout(batch, GAP_MS);
  };
  batch();
}
