import type { MetricDefinition } from './metric-definition.js';
import { CLUSTER_METRICS } from './table/cluster.js';
import { ROOM_METRICS } from './table/rooms.js';
import { STORE_METRICS } from './table/store.js';

/** All metrics. docs/observability.md lists them. */
export const METRICS = { ...ROOM_METRICS, ...STORE_METRICS, ...CLUSTER_METRICS } as const;

export type MetricName = keyof typeof METRICS;
type NameOf<T extends MetricDefinition['type']> = {
  [K in MetricName]: (typeof METRICS)[K]['type'] extends T ? K : never;
}[MetricName];
/** Names of the counters in `METRICS`. */
export type CounterName = NameOf<'counter'>;
/** Names of the gauges in `METRICS`. */
export type GaugeName = NameOf<'gauge'>;
/** Names of the histograms in `METRICS`. */
export type HistogramName = NameOf<'histogram'>;

/**
 * Upper bounds of the histograms' buckets in seconds, from a handler that only sends up to the default of
 * `handlerTimeoutMs`.
 */
export const DURATION_BUCKETS: readonly number[] = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
