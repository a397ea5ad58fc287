import type { JamsocketMetrics, MetricCounter, MetricHistogram } from './jamsocket-metrics.js';
import type { CounterName } from './metric-table.js';

/** The time series of one service, each created when it is first needed. */
export class ServiceMeters {
  #saves: SaveMeters | null = null;
  #gateWait: MetricHistogram | null = null;
  readonly #counters = new Map<string, MetricCounter>();
  readonly #durations = new Map<string, MetricHistogram>();

  constructor(
    private readonly metrics: JamsocketMetrics,
    private readonly service: string,
  ) {}

  count(
    name: CounterName,
    labels: {
      readonly handler?: string;
      readonly reason?: string;
    } = {},
  ) {
    const key = `${name} ${labels.handler} ${labels.reason}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.metrics.counter(name, { service: this.service, ...labels });
      this.#counters.set(key, counter);
    }
    counter.add(1);
  }

  saved(bytes: number): void {
    const { saves, savedBytes } = (this.#saves ??= new SaveMeters(this.metrics, this.service));
    saves.add(1);
    savedBytes.add(bytes);
  }

  get gateWait(): MetricHistogram {
    return (this.#gateWait ??= this.metrics.histogram('gateWait', { service: this.service }));
  }

  duration(handler: string): MetricHistogram {
    let histogram = this.#durations.get(handler);
    if (histogram === undefined) {
      histogram = this.metrics.histogram('handlerDuration', { service: this.service, handler });
      this.#durations.set(handler, histogram);
    }
    return histogram;
  }
}

/** Saves of one service's rooms. */
class SaveMeters {
  readonly saves: MetricCounter;
  readonly savedBytes: MetricCounter;

  constructor(metrics: JamsocketMetrics, service: string) {
    this.saves = metrics.counter('saves', { service });
    this.savedBytes = metrics.counter('savedBytes', { service });
  }
}
