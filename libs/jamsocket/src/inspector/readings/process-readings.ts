import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Overview } from '../inspector-events.js';

/** Interval of the histogram's samples. Each sample includes it, so it is subtracted. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** Readings of the whole process. */
export class ProcessReadings {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  /** Readings since the last call. */
  take(): Pick<Overview, 'uptimeS' | 'memory' | 'eventLoopDelayMs'> {
    const { rss, heapUsed } = process.memoryUsage();
    const { mean, max, count } = this.#delay;
    this.#delay.reset();
    const eventLoopDelayMs = count > 0 ? { mean: delayOf(mean), max: delayOf(max) } : { mean: 0, max: 0 };
    return { uptimeS: Math.floor(process.uptime()), memory: { rss, heapUsed }, eventLoopDelayMs };
  }

  stop(): void {
    this.#delay.disable();
  }
}

function delayOf(sampleNs: number): number {
  return Math.max(0, Math.round((sampleNs / NS_PER_MS - RESOLUTION_MS) * 100) / 100);
}
