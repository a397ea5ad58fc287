import {
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { Registry } from 'prom-client';
import { RouteClashes } from '../http/route-clashes.js';
import { JamsocketMetrics } from '../metrics/jamsocket-metrics.js';
import { MetricsObserver } from '../metrics/metrics-observer.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketStatistics } from '../rooms/jamsocket-statistics.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { PROMETHEUS_OPTIONS, type JamsocketPrometheusOptions } from './prometheus-options.js';
import { createPrometheusController, PrometheusGuard } from './prometheus.controller.js';

const PROMETHEUS_PAGE = Symbol('JAMSOCKET_PROMETHEUS_PAGE');

/**
 * Metrics of the rooms for Prometheus, at `/metrics`. Import it beside `JamsocketModule`:
 * `JamsocketPrometheusModule.forRoot()`. It needs `prom-client`.
 */
@Module({})
export class JamsocketPrometheusModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  #stop: (() => void) | null = null;

  constructor(
    private readonly observers: JamsocketObservers,
    private readonly statistics: JamsocketStatistics,
    private readonly metrics: PrometheusMetrics,
    @Inject(RouteClashes) private readonly clashes: RouteClashes,
    @Inject(PROMETHEUS_PAGE) private readonly page: Type | null,
  ) {}

  /**
   * The module, for `imports` of the root module.
   * @param options default: a page at `/metrics`, with a registry of its own
   */
  static forRoot(options: JamsocketPrometheusOptions = {}): DynamicModule {
    const path = options.path ?? '/metrics';
    const contentType = (options.registry ?? new Registry()).contentType;
    const page = path === false ? null : createPrometheusController(path, contentType);
    return {
      module: JamsocketPrometheusModule,
      controllers: page === null ? [] : [page],
      providers: [
        { provide: PROMETHEUS_OPTIONS, useValue: options },
        { provide: PROMETHEUS_PAGE, useValue: page },
        { provide: PrometheusMetrics, useFactory: () => new PrometheusMetrics(options) },
        { provide: JamsocketMetrics, useExisting: PrometheusMetrics },
        PrometheusGuard,
      ],
      exports: [PrometheusMetrics, JamsocketMetrics],
    };
  }

  /** Nest calls this before it registers any route. */
  configure(): void {
    const cure = "Move the page with the option path: '/rooms-metrics', or leave it out with path: false.";
    if (this.page !== null) this.clashes.refuse(this.page, 'JamsocketPrometheusModule', cure);
  }

  /** Called by Nest: begins to observe the rooms. */
  onModuleInit(): void {
    // First, since metrics are collected in this order: reading the gauges passes on the durations.
    this.#stop = this.observers.add(new MetricsObserver(this.metrics, this.statistics));
    this.metrics.registerAll();
  }

  /** Stops in the last lifecycle hook, so that the drain of the rooms is counted, too. */
  onApplicationShutdown(): void {
    this.#stop?.();
    this.metrics.unregister();
  }
}
