import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';
import {
  JamsocketMetrics,
  type GaugeReading,
  type MetricCounter,
  type MetricHistogram,
  type MetricLabels,
} from '../metrics/jamsocket-metrics.js';
import {
  DURATION_BUCKETS,
  METRICS,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricName,
} from '../metrics/metric-table.js';
import type { JamsocketPrometheusOptions } from './prometheus-options.js';
import { DEFAULT_PREFIX, PROMETHEUS_NAMES } from './prometheus-names.js';
import { WeightedHistogram } from './weighted-histogram.js';

/** The metrics of the rooms in a registry of prom-client. */
export class PrometheusMetrics extends JamsocketMetrics {
  readonly registry: Registry;
  readonly #counters = new Map<CounterName, PendingCounter>();
  readonly #histograms = new Map<HistogramName, WeightedHistogram>();
  readonly #registered: string[] = [];

  constructor(private readonly options: JamsocketPrometheusOptions = {}) {
    super();
    this.registry = options.registry ?? new Registry();
    if (options.defaultMetrics ?? options.registry === undefined) collectDefaultMetrics({ register: this.registry });
  }

  /** Creates every metric that is not there yet, so that the page includes metrics without values. */
  registerAll(): void {
    for (const [name, { type }] of Object.entries(METRICS)) {
      if (type === 'counter') this.#counterOf(name as CounterName);
      else if (type === 'histogram') this.#histogramOf(name as HistogramName);
    }
  }

  /** Removes our metrics from the registry; those of the application stay. */
  unregister(): void {
    for (const name of this.#registered.splice(0)) this.registry.removeSingleMetric(name);
  }

  /** The counter with this name and these labels. */
  counter(name: CounterName, labels: MetricLabels): MetricCounter {
    return this.#counterOf(name).series(labels);
  }

  /** The histogram with this name and these labels. */
  histogram(name: HistogramName, labels: MetricLabels): MetricHistogram {
    return this.#histogramOf(name).series(labels);
  }

  total(name: CounterName, read: () => readonly GaugeReading[]): void {
    this.#counterOf(name).follow(read);
  }

  /** Registers a gauge; `read` is called whenever the page is loaded. */
  gauge(name: GaugeName, read: () => readonly GaugeReading[]): void {
    const gauge: Gauge = new Gauge({
      ...this.#configOf(name),
      collect: () => {
        gauge.reset();
        for (const { labels, value } of read()) gauge.set(labels as Record<string, string>, value);
      },
    });
  }

  #counterOf(name: CounterName): PendingCounter {
    let counter = this.#counters.get(name);
    if (counter === undefined) this.#counters.set(name, (counter = new PendingCounter(this.#configOf(name))));
    return counter;
  }

  #histogramOf(name: HistogramName): WeightedHistogram {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      const { name: fullName, help, labelNames } = this.#configOf(name);
      const bounds = this.options.buckets ?? DURATION_BUCKETS;
      this.#histograms.set(name, (histogram = new WeightedHistogram(fullName, help, labelNames, bounds)));
      // The registry calls `get` and `reset` of a metric. The type names only prom-client's own.
      this.registry.registerMetric(histogram as unknown as Metric);
    }
    return histogram;
  }

  #configOf(name: MetricName): MetricConfig {
    const fullName = (this.options.prefix ?? DEFAULT_PREFIX) + PROMETHEUS_NAMES[name];
    const { description, labels } = METRICS[name];
    this.#registered.push(fullName);
    return { name: fullName, help: description, labelNames: [...labels], registers: [this.registry] };
  }
}

type MetricConfig = { name: string; help: string; labelNames: string[]; registers: Registry[] };

/** Sums up values itself and passes them to prom-client on collection: prom-client hashes the labels at each call. */
class PendingCounter {
  readonly #series: { readonly labels: Record<string, string>; pending: number }[] = [];
  #read: (() => readonly GaugeReading[]) | null = null;
  readonly #counter: Counter;

  constructor(config: MetricConfig) {
    this.#counter = new Counter({ ...config, collect: () => this.#collect() });
  }

  series(labels: MetricLabels): MetricCounter {
    const series = { labels: labels as Record<string, string>, pending: 0 };
    this.#series.push(series);
    return { add: (by) => void (series.pending += by) };
  }

  /** From now on the values are read when they are collected. */
  follow(read: () => readonly GaugeReading[]): void {
    this.#read = read;
  }

  #collect(): void {
    if (this.#read !== null) {
      this.#counter.reset();
      for (const { labels, value } of this.#read()) this.#counter.inc(labels as Record<string, string>, value);
      return;
    }
    for (const series of this.#series) {
      this.#counter.inc(series.labels, series.pending);
      series.pending = 0;
    }
  }
}
