export { JamsocketOpenTelemetryModule } from './opentelemetry/opentelemetry.module.js';
export { OpenTelemetryMetrics } from './opentelemetry/opentelemetry-metrics.js';
export type { JamsocketOpenTelemetryOptions } from './opentelemetry/opentelemetry-options.js';
