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

/** Everything an operator may turn on, with nobody looking: metrics for both systems, and the inspector without a page. */
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000, exportTimeoutMillis: 900 });
const meterProvider = new MeterProvider({ readers: [reader] });
// An exporter would send them; here they only must not pile up.
setInterval(() => exporter.reset(), 1_000).unref();

await serveOurs(
  [],
  [
    JamsocketPrometheusModule.forRoot(),
    JamsocketOpenTelemetryModule.forRoot({ spans: false, meterProvider }),
    JamsocketInspectorModule.forRoot({ guards: [{ canActivate: () => true }] }),
  ],
);
