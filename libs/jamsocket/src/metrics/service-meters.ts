import type { JamsocketMetrics, MetricCounter, MetricHistogram } from './jamsocket-metrics.js';
import type { CounterName } from './metric-table.js';

/** The time series of one service, each created when it is first needed. */
export class ServiceMeters {
  readonly text: MessageMeters;
  readonly binary: MessageMeters;
  readonly #counters = new Map<string, MetricCounter>();
  readonly #durations = new Map<string, MetricHistogram>();

  constructor(
    private readonly metrics: JamsocketMetrics,
    private readonly service: string,
  ) {
    this.text = new MessageMeters(metrics, service, 'text');
    this.binary = new MessageMeters(metrics, service, 'binary');
  }

  count(
    name: CounterName,
    labels: { readonly handler?: string; readonly code?: string; readonly fault?: string } = {},
  ) {
    const key = `${name} ${labels.handler} ${labels.code} ${labels.fault}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.metrics.counter(name, { service: this.service, ...labels });
      this.#counters.set(key, counter);
    }
    counter.add(1);
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

/** Messages of one service and kind. */
class MessageMeters {
  readonly received: MetricCounter;
  readonly receivedBytes: MetricCounter;
  readonly sent: MetricCounter;
  readonly sentBytes: MetricCounter;

  constructor(metrics: JamsocketMetrics, service: string, kind: 'text' | 'binary') {
    const labels = { service, kind };
    this.received = metrics.counter('messagesReceived', labels);
    this.receivedBytes = metrics.counter('bytesReceived', labels);
    this.sent = metrics.counter('messagesSent', labels);
    this.sentBytes = metrics.counter('bytesSent', labels);
  }
}
