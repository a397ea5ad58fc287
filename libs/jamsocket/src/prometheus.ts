export { JamsocketPrometheusModule } from './prometheus/prometheus.module.js';
export { PrometheusMetrics } from './prometheus/prometheus-metrics.js';
export type { JamsocketPrometheusOptions } from './prometheus/prometheus-options.js';
