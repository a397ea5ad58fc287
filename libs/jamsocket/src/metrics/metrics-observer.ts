import type { Client } from '../members/client.js';
import type { JamsocketStatistics, ServiceStatistics } from '../rooms/jamsocket-statistics.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RefusedConnect, RoomObserver, StoreCommit, StoreOperation } from '../observe/room-observer.js';
import type { MessageCounts, Traffic } from '../traffic/traffic.js';
import { meterCluster } from './cluster-meters.js';
import type { GaugeReading, JamsocketMetrics, MetricCounter } from './jamsocket-metrics.js';
import type { CounterName, GaugeName } from './metric-table.js';
import { ServiceMeters } from './service-meters.js';
import { StoreMeters } from './store-meters.js';

const GAUGES = [
  'rooms',
  'clients',
  'clientsAway',
  'mailboxEvents',
  'bufferedBytes',
  'gatedRooms',
  'gatedBytes',
] as const satisfies readonly GaugeName[];
/** What the rooms count themselves of their messages. */
const MESSAGE_TOTALS = [
  ['messagesReceived', 'received'],
  ['bytesReceived', 'receivedBytes'],
  ['messagesSent', 'sent'],
  ['bytesSent', 'sentBytes'],
] as const satisfies readonly (readonly [CounterName, keyof MessageCounts])[];
const KINDS = ['text', 'binary'] as const;
const MS_PER_S = 1000;

/**
 * Converts events of the rooms to metrics: `observers.add(new MetricsObserver(metrics, statistics))`. Messages, turns,
 * clients and new rooms are not told as events: the rooms count them, from the moment this observer is made.
 */
export class MetricsObserver implements RoomObserver {
  readonly #services = new Map<string, ServiceMeters>();
  readonly #refused = new Map<string, MetricCounter>();
  readonly #store: StoreMeters;
  #statistics: readonly ServiceStatistics[] | null = null;

  constructor(
    private readonly metrics: JamsocketMetrics,
    private readonly statistics: JamsocketStatistics,
  ) {
    this.#store = new StoreMeters(metrics);
    for (const name of GAUGES) {
      metrics.gauge(name, () =>
        this.#readStatistics().map((service) => ({ labels: { service: service.service }, value: service[name] })),
      );
    }
    for (const [name, count] of MESSAGE_TOTALS) metrics.total(name, () => this.#readMessages(count));
    metrics.total('roomsStarted', () => this.#readTraffic(({ roomsStarted }) => roomsStarted));
    metrics.total('clientsConnected', () => this.#readTraffic(({ clientsJoined }) => clientsJoined));
    metrics.total('clientsDisconnected', () => this.#readLeft());
    metrics.total('handlerErrors', () => this.#readErrors());
    meterCluster(metrics, statistics.cluster);
    for (const { service, traffic } of statistics.traffic()) {
      traffic.listen((handler, durationMs, times) =>
        this.#of(service)
          .duration(handler)
          .record(durationMs / MS_PER_S, times),
      );
    }
  }

  roomStarted({ service, restored }: JamsocketContext): void {
    if (restored !== undefined) this.#of(service).count('roomsRestored', { reason: restored.reason });
  }

  roomFailed({ service }: JamsocketContext): void {
    this.#of(service).count('roomsFailed');
  }

  clientLost({ service }: JamsocketContext): void {
    this.#of(service).count('clientsLost');
  }

  clientResumed({ service }: JamsocketContext): void {
    this.#of(service).count('clientsResumed');
  }

  turnTimedOut({ service }: JamsocketContext, _client: Client | undefined, handler: string): void {
    this.#of(service).count('handlerTimeouts', { handler });
  }

  connectRefused({ code }: RefusedConnect): void {
    let counter = this.#refused.get(code);
    if (counter === undefined) {
      counter = this.metrics.counter('connectionsRefused', { code });
      this.#refused.set(code, counter);
    }
    counter.add(1);
  }

  roomSaved({ service }: JamsocketContext, bytes: number): void {
    this.#of(service).saved(bytes);
  }

  gatePassed({ service }: JamsocketContext, waitedMs: number): void {
    this.#of(service).gateWait.record(waitedMs / MS_PER_S);
  }

  roomFenced({ service }: JamsocketContext): void {
    this.#of(service).count('roomsFenced');
  }

  storeCommitted({ durationMs }: StoreCommit): void {
    this.#store.committed(durationMs / MS_PER_S);
  }

  storeFailed(operation: StoreOperation): void {
    this.#store.failed(operation);
  }

  #of(service: string): ServiceMeters {
    let meters = this.#services.get(service);
    if (meters === undefined) this.#services.set(service, (meters = new ServiceMeters(this.metrics, service)));
    return meters;
  }

  #readMessages(count: keyof MessageCounts & `${'received' | 'sent'}${string}`): GaugeReading[] {
    return this.statistics
      .traffic()
      .flatMap(({ service, traffic }) =>
        KINDS.map((kind) => ({ labels: { service, kind }, value: traffic[kind][count] })),
      );
  }

  #readTraffic(of: (traffic: Traffic) => number): GaugeReading[] {
    return this.statistics.traffic().map(({ service, traffic }) => ({ labels: { service }, value: of(traffic) }));
  }

  #readLeft(): GaugeReading[] {
    return this.statistics
      .traffic()
      .flatMap(({ service, traffic }) =>
        [...traffic.clientsLeft].map(([code, value]) => ({ labels: { service, code }, value })),
      );
  }

  #readErrors(): GaugeReading[] {
    return this.statistics.traffic().flatMap(({ service, traffic }) =>
      [...traffic.failedTurns].map(({ handler, fault, count }) => ({
        labels: { service, handler, fault },
        value: count,
      })),
    );
  }

  /** All gauges are collected in the same tick: cache the statistics, so that every room is visited only once. */
  #readStatistics(): readonly ServiceStatistics[] {
    if (this.#statistics === null) {
      for (const { traffic } of this.statistics.traffic()) traffic.flush();
      this.#statistics = this.statistics.services();
      queueMicrotask(() => (this.#statistics = null));
    }
    return this.#statistics;
  }
}
