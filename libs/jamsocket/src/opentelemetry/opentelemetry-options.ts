import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { badOption, boolean, object, withMethod } from '../options/rules.js';

/** Options of `JamsocketOpenTelemetryModule.forRoot` and `forRootAsync`. */
export interface JamsocketOpenTelemetryOptions {
  /** Whether to record metrics. Default `true`. */
  readonly metrics?: boolean;
  /** Whether to create a span for each run of a handler. Default `true`. */
  readonly spans?: boolean;
  /**
   * How handler spans use the trace context of the client's upgrade request (`traceparent`). `parent`: they belong to the
   * client's trace. `link`: each handler starts its own trace with a link, which keeps the traces of long connections small.
   * `ignored`: for clients that you do not trust. Default `parent`.
   */
  readonly upgradeContext?: 'parent' | 'link' | 'ignored';
  /** Default: the global one, which must be set before the application is initialised. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

export const SCOPE_NAME = 'nestjs-jamsocket';

/** Names of attributes that spans and metrics share. */
export const SERVICE_ATTRIBUTE = 'jamsocket.service';
export const ROOM_ATTRIBUTE = 'jamsocket.room';
export const CLIENT_ATTRIBUTE = 'jamsocket.client';
/** `code.function.name` of the semantic conventions: class and method. */
export const HANDLER_ATTRIBUTE = 'code.function.name';

const UPGRADE_CONTEXTS: readonly unknown[] = [undefined, 'parent', 'link', 'ignored'];

const check = object<unknown>({
  metrics: boolean(true),
  spans: boolean(true),
  upgradeContext: (value, path) => {
    if (!UPGRADE_CONTEXTS.includes(value)) throw badOption(path, value, "'parent', 'link' or 'ignored'");
  },
  meterProvider: withMethod('getMeter', 'a MeterProvider of OpenTelemetry'),
  tracerProvider: withMethod('getTracer', 'a TracerProvider of OpenTelemetry'),
});

/** @throws JamsocketConfigurationError for a bad value and for an unknown option */
export function checkOpenTelemetryOptions(given: JamsocketOpenTelemetryOptions): void {
  check(given, 'JamsocketOpenTelemetryModule.forRoot: options');
}
