import { Module, type DynamicModule, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Registry } from 'prom-client';
import { JamsocketMetrics } from '../metrics/jamsocket-metrics.js';
import { MetricsObserver } from '../metrics/metrics-observer.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketStatistics } from '../rooms/jamsocket-statistics.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { PROMETHEUS_OPTIONS, type JamsocketPrometheusOptions } from './prometheus-options.js';
import { createPrometheusController, PrometheusGuard } from './prometheus.controller.js';

/**
 * Metrics of the rooms for Prometheus, at `/metrics`. Import it beside `JamsocketModule`:
 * `JamsocketPrometheusModule.forRoot()`. It needs `prom-client`.
 */
@Module({})
export class JamsocketPrometheusModule implements OnModuleInit, OnApplicationShutdown {
  #stop: (() => void) | null = null;

  constructor(
    private readonly observers: JamsocketObservers,
    private readonly statistics: JamsocketStatistics,
    private readonly metrics: PrometheusMetrics,
  ) {}

  static forRoot(options: JamsocketPrometheusOptions = {}): DynamicModule {
    const path = options.path ?? '/metrics';
    const contentType = (options.registry ?? new Registry()).contentType;
    return {
      module: JamsocketPrometheusModule,
      controllers: path === false ? [] : [createPrometheusController(path, contentType)],
      providers: [
        { provide: PROMETHEUS_OPTIONS, useValue: options },
        { provide: PrometheusMetrics, useFactory: () => new PrometheusMetrics(options) },
        { provide: JamsocketMetrics, useExisting: PrometheusMetrics },
        PrometheusGuard,
      ],
      exports: [PrometheusMetrics, JamsocketMetrics],
    };
  }

  onModuleInit(): void {
    this.metrics.registerAll();
    this.#stop = this.observers.add(new MetricsObserver(this.metrics, this.statistics));
  }

  /** The last hook of all: the rooms have drained, and that is counted, too. */
  onApplicationShutdown(): void {
    this.#stop?.();
    this.metrics.unregister();
  }
}
