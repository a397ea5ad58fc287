/** Enough for most calls to end at once, and handled within a few milliseconds. */
const AT_ONCE = 100;

/**
 * Calls `handle` for each item in order: for the first ones now, for the others in later ticks of the event loop. Thousands
 * in one tick would let everything else wait.
 * @param handle must not throw
 */
export function inBatches<T>(items: readonly T[], handle: (item: T) => void): void {
  for (const item of items.slice(0, AT_ONCE)) handle(item);
  if (items.length > AT_ONCE) setImmediate(() => inBatches(items.slice(AT_ONCE), handle));
}
