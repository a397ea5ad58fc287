import type { MetricLabel } from './metric-definition.js';
import type { CounterName, GaugeName, HistogramName } from './metric-table.js';

/** Labels of one time series. `METRICS` lists those of each metric. */
export type MetricLabels = Readonly<Partial<Record<MetricLabel, string>>>;

/** One time series whose value only grows. */
export interface MetricCounter {
  /** Adds to the value, which never falls. */
  add(by: number): void;
}

/** One time series of measured values. */
export interface MetricHistogram {
  /**
   * Adds a measured value, in the unit of the metric: seconds or bytes.
   * @param times how many measurements the value stands for. Default 1
   */
  record(value: number, times?: number): void;
}

/** The current value of one time series of a gauge or total. */
export interface GaugeReading {
  readonly labels: MetricLabels;
  readonly value: number;
}

/**
 * A backend for the metrics of the rooms. `nestjs-jamsocket/prometheus` and `nestjs-jamsocket/opentelemetry` each have
 * one. For another backend, extend this class and pass it to a `MetricsObserver`. It is also the injection token.
 *
 * Each time series is requested once and kept, so that counting a message needs no lookup.
 */
export abstract class JamsocketMetrics {
  /** The counter with this name and these labels, for as long as the application runs. */
  abstract counter(name: CounterName, labels: MetricLabels): MetricCounter;
  /** The histogram with this name and these labels, for as long as the application runs. */
  abstract histogram(name: HistogramName, labels: MetricLabels): MetricHistogram;
  /**
   * A counter that is counted elsewhere.
   * @param read call it whenever the counter is collected. Its values only grow
   */
  abstract total(name: CounterName, read: () => readonly GaugeReading[]): void;
  /**
   * Registers a gauge.
   * @param read call it whenever the gauge is collected
   */
  abstract gauge(name: GaugeName, read: () => readonly GaugeReading[]): void;
}
