import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { withLateRoutes } from '../http/late-routes.js';
import { RouteClashes } from '../http/route-clashes.js';
import { JamsocketMetrics } from '../metrics/jamsocket-metrics.js';
import { MetricsObserver } from '../metrics/metrics-observer.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketStatistics } from '../rooms/jamsocket-statistics.js';
import { Siblings } from '../node/siblings.js';
import { answerSiblings } from './metrics-of-all.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { checkedPrometheusOptions, PROMETHEUS_OPTIONS, type JamsocketPrometheusOptions } from './prometheus-options.js';
import { createPrometheusController, mountPage, PrometheusGuard } from './prometheus.controller.js';

const PROMETHEUS_PAGE = Symbol('JAMSOCKET_PROMETHEUS_PAGE');

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<JamsocketPrometheusOptions>({
  moduleName: 'JamsocketPrometheus',
  optionsInjectionToken: PROMETHEUS_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJamsocketPrometheusOptions')
  .setExtras({}, (definition) =>
    withLateRoutes(
      definition,
      PROMETHEUS_PAGE,
      createPrometheusController(),
      [PROMETHEUS_OPTIONS, PrometheusMetrics],
      mountPage,
    ),
  )
  .build();

/**
 * Metrics of the rooms for Prometheus, at `/metrics`. Import it beside `JamsocketModule`:
 * `JamsocketPrometheusModule.forRoot()`, or `forRootAsync(…)`. It needs `prom-client`.
 */
@Module({
  providers: [
    {
      provide: PrometheusMetrics,
      inject: [PROMETHEUS_OPTIONS],
      useFactory: (options: JamsocketPrometheusOptions) => new PrometheusMetrics(checkedPrometheusOptions(options)),
    },
    { provide: JamsocketMetrics, useExisting: PrometheusMetrics },
    PrometheusGuard,
  ],
  exports: [PrometheusMetrics, JamsocketMetrics],
})
export class JamsocketPrometheusModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationShutdown
{
  #stop: (() => void) | null = null;

  constructor(
    private readonly observers: JamsocketObservers,
    private readonly statistics: JamsocketStatistics,
    private readonly metrics: PrometheusMetrics,
    @Inject(RouteClashes) private readonly clashes: RouteClashes,
    @Inject(PROMETHEUS_PAGE) private readonly page: Type,
    @Inject(PROMETHEUS_OPTIONS) private readonly options: JamsocketPrometheusOptions,
    @Inject(Siblings) private readonly siblings: Siblings,
  ) {
    super();
  }

  /**
   * The module, for `imports` of the root module.
   * @param options default: a page at `/metrics`, with a registry of its own
   */
  static override forRoot(options: JamsocketPrometheusOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** Nest calls this before it registers any route. */
  configure(): void {
    const cure = "Move the page with the option path: '/rooms-metrics', or leave it out with path: false.";
    if (this.options.path !== false) this.clashes.refuse(this.page, 'JamsocketPrometheusModule', cure);
  }

  /** Called by Nest: begins to observe the rooms. */
  onModuleInit(): void {
    // First, since metrics are collected in this order: reading the gauges passes on the durations.
    this.#stop = this.observers.add(new MetricsObserver(this.metrics, this.statistics));
    this.metrics.registerAll();
    answerSiblings(this.metrics.registry, this.siblings);
  }

  /** Stops in the last lifecycle hook, so that the drain of the rooms is counted, too. */
  onApplicationShutdown(): void {
    this.#stop?.();
    this.metrics.unregister();
  }
}
