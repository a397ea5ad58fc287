import type { MetricHistogram, MetricLabels } from '../metrics/jamsocket-metrics.js';

/** The counts of one time series. */
class Series implements MetricHistogram {
  readonly buckets: number[];
  count = 0;
  sum = 0;

  constructor(
    readonly labels: MetricLabels,
    private readonly bounds: readonly number[],
  ) {
    this.buckets = bounds.map(() => 0);
  }

  record(value: number, times = 1): void {
    this.count += times;
    this.sum += value * times;
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.buckets[bucket] += times;
  }
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A histogram for a registry of prom-client, whose own cannot count a value several times and hashes the labels for each value. */
export class WeightedHistogram {
  readonly type = 'histogram';
  /** How prom-client adds up the workers of a Node cluster. */
  readonly aggregator = 'sum';
  readonly #series = new Map<string, Series>();

  constructor(
    readonly name: string,
    readonly help: string,
    labelNames: readonly string[],
    /** Upper bounds of the buckets, ascending. */
    private readonly bounds: readonly number[],
  ) {
    // As in prom-client: a series without labels is there from the beginning.
    if (labelNames.length === 0) this.series({});
  }

  series(labels: MetricLabels): MetricHistogram {
    const key = JSON.stringify(labels);
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = new Series(labels, this.bounds)));
    return series;
  }

  /** Called by the registry. */
  async get() {
    const { name, help, type, aggregator } = this;
    return {
      name,
      help,
      type,
      aggregator,
      values: [...this.#series.values()].flatMap((series) => this.#valuesOf(series)),
    };
  }

  /** Called by `registry.resetMetrics()`. */
  reset(): void {
    for (const series of this.#series.values()) {
      series.buckets.fill(0);
      series.count = series.sum = 0;
    }
  }

  #valuesOf({ labels, buckets, count, sum }: Series): Value[] {
    let total = 0;
    const bucket = (le: number | string, value: number): Value => ({
      metricName: `${this.name}_bucket`,
      labels: { le, ...labels },
      value,
    });
    return [
      ...this.bounds.map((bound, at) => bucket(bound, (total += buckets[at]))),
      bucket('+Inf', count),
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
