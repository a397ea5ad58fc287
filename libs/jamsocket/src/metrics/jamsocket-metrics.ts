import type { CounterName, GaugeName, HistogramName, MetricLabel } from './metric-table.js';

export type MetricLabels = Readonly<Partial<Record<MetricLabel, string>>>;

/** One time series that only grows. */
export interface MetricCounter {
  add(by: number): void;
}

/** One time series of measured values. */
export interface MetricHistogram {
  record(value: number): void;
}

/** What a gauge shows at the moment. */
export interface GaugeReading {
  readonly labels: MetricLabels;
  readonly value: number;
}

/**
 * Where the metrics of the rooms go: `nestjs-jamsocket/prometheus` and `nestjs-jamsocket/opentelemetry` each have one.
 * For another backend, extend it and give it to a `MetricsObserver`. It is also the injection token.
 *
 * Each time series is asked for once and kept, so that counting a message looks nothing up.
 */
export abstract class JamsocketMetrics {
  abstract counter(name: CounterName, labels: MetricLabels): MetricCounter;
  abstract histogram(name: HistogramName, labels: MetricLabels): MetricHistogram;
  /** @param read is to be called whenever the gauge is collected */
  abstract gauge(name: GaugeName, read: () => readonly GaugeReading[]): void;
}
