import { summaryOf } from '../statistics.js';
import type { Row } from './fault.js';

/** The 99th percentile of these milliseconds. */
export function p99Of(samples: number[]): number {
  if (samples.length === 0) throw new Error('No message arrived: there is no latency to speak of.');
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/** The p99 of two windows, one right after the other. */
export interface Pair {
  readonly withoutMs: number;
  readonly withMs: number;
}

/**
 * The median of the pairs' ratios: a disturbance of the machine slows both windows of a pair.
 * @param bound `Infinity` for a figure that is only reported
 * @param without what the first window is called
 */
export function p99Row(what: string, pairs: readonly Pair[], bound: number, without = 'without'): Row {
  const median = (of: (pair: Pair) => number) => summaryOf(pairs.map(of))!.median;
  const ratio = median(({ withMs, withoutMs }) => withMs / withoutMs);
  const [withMs, withoutMs] = [median((pair) => pair.withMs), median((pair) => pair.withoutMs)];
  return {
    what: `${what}, median of ${pairs.length} pairs`,
    bound: bound === Infinity ? 'report' : `≤ ${bound} × ${without}`,
    measured: `${ratio.toFixed(2)} × (${withMs.toFixed(2)} ms, ${withoutMs.toFixed(2)} ms ${without})`,
    isMet: ratio <= bound,
  };
}
