import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** Options of `JamsocketOpenTelemetryModule.forRoot`. */
export interface JamsocketOpenTelemetryOptions {
  /** Whether there are metrics. Default `true`. */
  readonly metrics?: boolean;
  /** Whether there is a span for each run of a handler. Default `true`. */
  readonly spans?: boolean;
  /**
   * What the trace context of a client's upgrade request (`traceparent`) is to the spans of its handlers: their
   * `parent`, so that they belong to the client's trace; a `link`, so that each handler begins a trace of its own, which
   * keeps the traces of long connections small; or `ignored`, where clients are not to be trusted with it. Default `parent`.
   */
  readonly upgradeContext?: 'parent' | 'link' | 'ignored';
  /** Default: the global one. It has to be set before the application is initialised. */
  readonly meterProvider?: MeterProvider;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
}

/** Name of the instrumentation scope. */
export const SCOPE_NAME = 'nestjs-jamsocket';

/** Names of attributes that spans and metrics share. */
export const SERVICE_ATTRIBUTE = 'jamsocket.service';
export const ROOM_ATTRIBUTE = 'jamsocket.room';
export const CLIENT_ATTRIBUTE = 'jamsocket.client';
/** `code.function.name` of the semantic conventions: class and method. */
export const HANDLER_ATTRIBUTE = 'code.function.name';
