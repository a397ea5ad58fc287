import type { StoreOperation } from '../observe/room-observer.js';
import type { JamsocketMetrics, MetricCounter, MetricHistogram } from './jamsocket-metrics.js';

/** The time series of the store, each created when it is first needed: most applications have none. */
export class StoreMeters {
  #commits: MetricCounter | null = null;
  #durations: MetricHistogram | null = null;
  readonly #errors = new Map<StoreOperation, MetricCounter>();

  constructor(private readonly metrics: JamsocketMetrics) {}

  committed(seconds: number): void {
    (this.#commits ??= this.metrics.counter('commits', {})).add(1);
    (this.#durations ??= this.metrics.histogram('commitDuration', {})).record(seconds);
  }

  failed(operation: StoreOperation): void {
    let errors = this.#errors.get(operation);
    if (errors === undefined)
      this.#errors.set(operation, (errors = this.metrics.counter('storeErrors', { operation })));
    errors.add(1);
  }
}
