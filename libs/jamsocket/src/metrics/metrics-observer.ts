import type { SentMessage } from '../members/sent-message.js';
import type { Client } from '../members/client.js';
import type { JamsocketStatistics, ServiceStatistics } from '../rooms/jamsocket-statistics.js';
import type { JamsocketContext } from '../members/room-context.js';
import type {
  ObservedTurn,
  ReceivedMessage,
  RefusedConnect,
  RoomObserver,
  StoreCommit,
  StoreOperation,
  TurnOutcome,
} from '../observe/room-observer.js';
import { closeCodeLabel } from './close-code-label.js';
import type { JamsocketMetrics, MetricCounter } from './jamsocket-metrics.js';
import type { GaugeName } from './metric-table.js';
import { ServiceMeters } from './service-meters.js';
import { StoreMeters } from './store-meters.js';

const GAUGES: readonly GaugeName[] = [
  'rooms',
  'clients',
  'clientsAway',
  'mailboxEvents',
  'bufferedBytes',
  'gatedRooms',
  'gatedBytes',
];
const MS_PER_S = 1000;

/** Converts events of the rooms to metrics: `observers.add(new MetricsObserver(metrics, statistics))`. */
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
  }

  roomStarted({ service, restored }: JamsocketContext): void {
    this.#of(service).count('roomsStarted');
    if (restored !== undefined) this.#of(service).count('roomsRestored', { reason: restored.reason });
  }

  roomFailed({ service }: JamsocketContext): void {
    this.#of(service).count('roomsFailed');
  }

  clientJoined({ service }: JamsocketContext): void {
    this.#of(service).count('clientsConnected');
  }

  clientLeft({ service }: JamsocketContext, _client: Client, code: number): void {
    this.#of(service).count('clientsDisconnected', { code: closeCodeLabel(code) });
  }

  clientLost({ service }: JamsocketContext): void {
    this.#of(service).count('clientsLost');
  }

  clientResumed({ service }: JamsocketContext): void {
    this.#of(service).count('clientsResumed');
  }

  messageReceived({ service }: JamsocketContext, _client: Client, { kind, bytes }: ReceivedMessage): void {
    const meters = this.#of(service)[kind];
    meters.received.add(1);
    meters.receivedBytes.add(bytes);
  }

  messageSent({ service }: JamsocketContext, { kind, bytes, recipients }: SentMessage): void {
    const meters = this.#of(service)[kind];
    meters.sent.add(recipients);
    meters.sentBytes.add(bytes * recipients);
  }

  turnEnded({ room, handler }: ObservedTurn, { durationMs, fault }: TurnOutcome): void {
    const meters = this.#of(room.service);
    meters.duration(handler).record(durationMs / MS_PER_S);
    if (fault !== undefined) meters.count('handlerErrors', { handler, fault });
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

  /** All gauges are collected in the same tick: cache the statistics, so that every room is visited only once. */
  #readStatistics(): readonly ServiceStatistics[] {
    if (this.#statistics === null) {
      this.#statistics = this.statistics.services();
      queueMicrotask(() => (this.#statistics = null));
    }
    return this.#statistics;
  }
}
