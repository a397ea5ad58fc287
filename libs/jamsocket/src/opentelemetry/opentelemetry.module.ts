import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { metrics, trace } from '@opentelemetry/api';
import { MetricsObserver } from '../metrics/metrics-observer.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketStatistics } from '../rooms/jamsocket-statistics.js';
import { HandlerSpans } from './handler-spans.js';
import { OpenTelemetryMetrics } from './opentelemetry-metrics.js';
import { checkOpenTelemetryOptions, SCOPE_NAME, type JamsocketOpenTelemetryOptions } from './opentelemetry-options.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<JamsocketOpenTelemetryOptions>({
  moduleName: 'JamsocketOpenTelemetry',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJamsocketOpenTelemetryOptions')
  .build();

/**
 * Metrics of the rooms and spans of their handlers for OpenTelemetry. Import it beside `JamsocketModule`:
 * `JamsocketOpenTelemetryModule.forRoot()`, or `forRootAsync(…)`. It needs `@opentelemetry/api`, and an SDK that the
 * application has started.
 */
@Module({})
export class JamsocketOpenTelemetryModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  readonly #stops: (() => void)[] = [];

  constructor(
    private readonly observers: JamsocketObservers,
    private readonly statistics: JamsocketStatistics,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: JamsocketOpenTelemetryOptions,
  ) {
    super();
    checkOpenTelemetryOptions(options);
  }

  /**
   * The module, for `imports` of the root module.
   * @param options default: metrics and spans, with the global providers
   */
  static override forRoot(options: JamsocketOpenTelemetryOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** Called by Nest: begins to observe the rooms. */
  onModuleInit(): void {
    if (this.options.metrics ?? true) this.#addMetrics();
    if (this.options.spans ?? true) this.#addSpans();
  }

  /** Stops in the last lifecycle hook, so that the drain of the rooms is counted, too. */
  onApplicationShutdown(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #addMetrics(): void {
    const provider = this.options.meterProvider ?? metrics.getMeterProvider();
    const instruments = new OpenTelemetryMetrics(provider.getMeter(SCOPE_NAME));
    this.#stops.push(this.observers.add(new MetricsObserver(instruments, this.statistics)));
    this.#stops.push(() => instruments.stop());
  }

  #addSpans(): void {
    const provider = this.options.tracerProvider ?? trace.getTracerProvider();
    const spans = new HandlerSpans(provider.getTracer(SCOPE_NAME), this.options.upgradeContext ?? 'parent');
    this.#stops.push(this.observers.add(spans));
  }
}
