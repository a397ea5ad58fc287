import type { LoadResult } from './measure.js';
import type { Workload } from './workloads.js';

/** Results by workload, then by peer: one a round, in the order of the rounds. */
export type Results = Record<string, Record<string, LoadResult[]>>;

/** A figure of a result that is compared between peers. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  /** Whether less is better, as for latency. */
  readonly lessIsBetter: boolean;
  of(result: LoadResult): number | undefined;
}

const THROUGHPUT: Metric = { name: 'throughput', unit: '/s', lessIsBetter: false, of: ({ perSecond }) => perSecond };
const P50: Metric = { name: 'p50', unit: 'ms', lessIsBetter: true, of: ({ p50Ms }) => p50Ms };
const P99: Metric = { name: 'p99', unit: 'ms', lessIsBetter: true, of: ({ p99Ms }) => p99Ms };
const IDLE: Metric = {
  name: 'memory',
  unit: 'B a connection',
  lessIsBetter: true,
  of: ({ bytesPerConnection }) => bytesPerConnection,
};
const USED: Metric = {
  name: 'memory after a message each',
  unit: 'B a connection',
  lessIsBetter: true,
  of: ({ bytesPerConnectionAfterMessage }) => bytesPerConnectionAfterMessage,
};

/** Throughput per second of CPU time: other processes of the machine affect it less than throughput per second. */
export const PER_CPU_SECOND: Metric = {
  name: 'per CPU s',
  unit: "a second of the server's CPU",
  lessIsBetter: false,
  of: ({ perServerCpuSecond }) => perServerCpuSecond,
};

/** In a closed loop it follows the load's answers, and with it the throughput: compare the code only where it is equal. */
export const PER_WRITE: Metric = {
  name: 'per write',
  unit: 'deliveries a write call',
  lessIsBetter: false,
  of: ({ perWrite }) => perWrite,
};

export function metricsOf(workload: Workload): Metric[] {
  if (workload.type === 'idle') return [IDLE, USED];
  if (workload.type === 'paced') return [P50, P99];
  if (workload.type === 'storm') return [THROUGHPUT, P50, P99];
  return workload.type === 'closed' && workload.inFlight === 1 ? [THROUGHPUT, P50, P99] : [THROUGHPUT];
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summaryOf(values: (number | undefined)[]): Summary | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    min: sorted[0],
    max: sorted[sorted.length - 1],
  };
}

/** The ratio to a peer in each round: what slows the machine down for a while slows both. */
export function ratioOf(ours: LoadResult[], theirs: LoadResult[], metric: Metric): Summary | undefined {
  return summaryOf(
    ours.map((result, round) => {
      const [a, b] = [metric.of(result), theirs[round] && metric.of(theirs[round])];
      return a === undefined || b === undefined || b === 0 ? undefined : a / b;
    }),
  );
}
