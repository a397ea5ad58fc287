import type { JamsocketClock } from '../base/sources.js';

/** Closes are at most this far apart, so that a server with few clients stops quickly. */
export const MAX_GAP_MS = 1;
/** Closes are sent in batches, one in each interval of this length. */
export const TICK_MS = 10;

/** Does something for each item, spread over at most that time, so that closed clients do not all come back at once. */
export async function spread<T>(
  items: readonly T[],
  withinMs: number,
  clock: JamsocketClock,
  action: (item: T) => void,
): Promise<void> {
  const gapMs = Math.min(MAX_GAP_MS, Math.max(0, withinMs) / items.length);
  const began = clock.now();
  for (const [index, item] of items.entries()) {
    while (clock.now() - began < index * gapMs)
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, TICK_MS));
    action(item);
  }
}
