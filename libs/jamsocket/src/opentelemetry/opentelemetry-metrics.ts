import type {
  Attributes,
  Counter,
  Histogram,
  Meter,
  ObservableCallback,
  ObservableGauge,
  ObservableUpDownCounter,
} from '@opentelemetry/api';
import {
  JamsocketMetrics,
  type GaugeReading,
  type MetricCounter,
  type MetricHistogram,
  type MetricLabels,
} from '../metrics/jamsocket-metrics.js';
import type { MetricDefinition, MetricLabel } from '../metrics/metric-definition.js';
import {
  DURATION_BUCKETS,
  METRICS,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricName,
} from '../metrics/metric-table.js';
import { HANDLER_ATTRIBUTE, SERVICE_ATTRIBUTE } from './opentelemetry-options.js';

/** Names that follow the semantic conventions: dots, no units, `io` for transferred bytes. */
export const OPENTELEMETRY_NAMES: Readonly<Record<MetricName, string>> = {
  rooms: 'jamsocket.rooms',
  clients: 'jamsocket.clients',
  clientsAway: 'jamsocket.client.away',
  mailboxEvents: 'jamsocket.mailbox.events',
  bufferedBytes: 'jamsocket.client.buffered',
  roomsStarted: 'jamsocket.room.started',
  roomsFailed: 'jamsocket.room.failed',
  clientsConnected: 'jamsocket.client.connected',
  clientsDisconnected: 'jamsocket.client.disconnected',
  clientsLost: 'jamsocket.client.lost',
  clientsResumed: 'jamsocket.client.resumed',
  connectionsRefused: 'jamsocket.connection.refused',
  messagesReceived: 'jamsocket.messages.received',
  bytesReceived: 'jamsocket.received.io',
  messagesSent: 'jamsocket.messages.sent',
  bytesSent: 'jamsocket.sent.io',
  handlerDuration: 'jamsocket.handler.duration',
  handlerErrors: 'jamsocket.handler.errors',
  handlerTimeouts: 'jamsocket.handler.timeouts',
  roomsRestored: 'jamsocket.room.restored',
  roomsFenced: 'jamsocket.room.fenced',
  saves: 'jamsocket.room.saves',
  savedBytes: 'jamsocket.saved.io',
  gatedRooms: 'jamsocket.room.gated',
  gatedBytes: 'jamsocket.gate.buffered',
  gateWait: 'jamsocket.gate.wait',
  commits: 'jamsocket.store.commits',
  commitDuration: 'jamsocket.store.commit.duration',
  storeErrors: 'jamsocket.store.errors',
  clusterNodes: 'jamsocket.cluster.nodes',
  leaseAge: 'jamsocket.cluster.lease.age',
  claims: 'jamsocket.cluster.claims',
  failovers: 'jamsocket.cluster.failovers',
  clusterRoomsLost: 'jamsocket.cluster.rooms.lost',
  suspensions: 'jamsocket.cluster.suspensions',
  leasesLost: 'jamsocket.cluster.leases.lost',
  linksUp: 'jamsocket.cluster.links',
  relayMessagesSent: 'jamsocket.relay.messages.sent',
  relayBytesSent: 'jamsocket.relay.sent.io',
  relayMessagesReceived: 'jamsocket.relay.messages.received',
  relayBytesReceived: 'jamsocket.relay.received.io',
  relayWaitingBytes: 'jamsocket.relay.waiting',
  relayCreditBytes: 'jamsocket.relay.credit',
  relayGaps: 'jamsocket.relay.gaps',
  relayReconnects: 'jamsocket.relay.reconnects',
};

const ATTRIBUTES: Readonly<Record<MetricLabel, string>> = {
  service: SERVICE_ATTRIBUTE,
  handler: HANDLER_ATTRIBUTE,
  kind: 'jamsocket.message.kind',
  code: 'jamsocket.code',
  fault: 'jamsocket.fault',
  reason: 'jamsocket.restore.reason',
  operation: 'jamsocket.store.operation',
  outcome: 'jamsocket.claim.outcome',
};

/** The metrics of the rooms as instruments of a meter. */
export class OpenTelemetryMetrics extends JamsocketMetrics {
  readonly #counters = new Map<CounterName, Counter>();
  readonly #histograms = new Map<HistogramName, Histogram>();
  readonly #totals: FollowedTotal[] = [];
  readonly #observed: {
    readonly instrument: ObservableUpDownCounter | ObservableGauge;
    readonly callback: ObservableCallback;
  }[] = [];

  constructor(private readonly meter: Meter) {
    super();
  }

  /** The counter with this name and these labels. */
  counter(name: CounterName, labels: MetricLabels): MetricCounter {
    const instrument = this.#counterOf(name);
    const attributes = attributesOf(labels);
    return { add: (by) => instrument.add(by, attributes) };
  }

  /** The histogram with this name and these labels. */
  histogram(name: HistogramName, labels: MetricLabels): MetricHistogram {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] };
      histogram = this.meter.createHistogram(OPENTELEMETRY_NAMES[name], { ...describe(name), advice });
      this.#histograms.set(name, histogram);
    }
    const instrument = histogram;
    const attributes = attributesOf(labels);
    // An instrument cannot record a value several times: its count is that of the values.
    return { record: (value) => instrument.record(value, attributes) };
  }

  total(name: CounterName, read: () => readonly GaugeReading[]): void {
    this.#totals.push(new FollowedTotal(this.#counterOf(name), read));
  }

  /** Counts of things add up over processes, so they are up-down counters instead of gauges; a few do not. */
  gauge(name: GaugeName, read: () => readonly GaugeReading[]): void {
    const { isSum = true }: MetricDefinition = METRICS[name];
    const instrument = isSum
      ? this.meter.createObservableUpDownCounter(OPENTELEMETRY_NAMES[name], describe(name))
      : this.meter.createObservableGauge(OPENTELEMETRY_NAMES[name], describe(name));
    const callback: ObservableCallback = (result) => {
      for (const { labels, value } of read()) result.observe(value, attributesOf(labels));
      this.#addTotals();
    };
    instrument.addCallback(callback);
    this.#observed.push({ instrument, callback });
  }

  /** Removes all callbacks. What was counted so far is still exported. */
  stop(): void {
    this.#addTotals();
    this.#totals.length = 0;
    for (const { instrument, callback } of this.#observed.splice(0)) instrument.removeCallback(callback);
  }

  /** Callbacks run before anything is collected, so the counters are up to date then. */
  #addTotals(): void {
    for (const total of this.#totals) total.addNew();
  }

  #counterOf(name: CounterName): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = this.meter.createCounter(OPENTELEMETRY_NAMES[name], describe(name));
      this.#counters.set(name, counter);
    }
    return counter;
  }
}

/** Adds to a counter what is counted elsewhere. An observable counter would lose what was counted after the last export. */
class FollowedTotal {
  /** The values that were added, by labels. */
  readonly #added = new Map<string, number>();

  constructor(
    private readonly counter: Counter,
    private readonly read: () => readonly GaugeReading[],
  ) {}

  addNew(): void {
    for (const { labels, value } of this.read()) {
      const key = JSON.stringify(labels);
      const by = value - (this.#added.get(key) ?? 0);
      if (by === 0 && this.#added.has(key)) continue;
      this.#added.set(key, value);
      this.counter.add(by, attributesOf(labels));
    }
  }
}

function describe(name: MetricName): { description: string; unit: string } {
  const { description, unit } = METRICS[name];
  return { description, unit };
}

function attributesOf(labels: MetricLabels): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [ATTRIBUTES[label as MetricLabel], value]));
}
