import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { JamsocketOpenTelemetryModule } from 'nestjs-jamsocket/opentelemetry';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import { serveOurs } from './ours.js';

/** The shorter of the usual intervals: Prometheus scrapes every 15 s, OpenTelemetry's reader exports every 60 s. */
const EXPORT_MS = 15_000;

/** Everything an operator may turn on, with nobody looking: metrics for both systems, and the inspector without a page. */
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({
  exporter,
  exportIntervalMillis: EXPORT_MS,
  exportTimeoutMillis: EXPORT_MS / 2,
});
const meterProvider = new MeterProvider({ readers: [reader] });
// An exporter would send them; here they only must not pile up.
setInterval(() => exporter.reset(), EXPORT_MS).unref();

await serveOurs(
  [],
  [
    JamsocketPrometheusModule.forRoot(),
    JamsocketOpenTelemetryModule.forRoot({ spans: false, meterProvider }),
    JamsocketInspectorModule.forRoot({ guards: [{ canActivate: () => true }] }),
  ],
);
