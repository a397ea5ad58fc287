import type { CanActivate, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';

/** Options of `JamsocketPrometheusModule.forRoot` and `forRootAsync`. */
export interface JamsocketPrometheusOptions {
  /**
   * Registry for the metrics. Pass the registry of the application's own metrics to have all of them on one page. Default:
   * a new one, available as `PrometheusMetrics.registry`.
   */
  readonly registry?: Registry;
  /** Path of the page, under the global prefix if there is one; `false` for none. Default `/metrics`. */
  readonly path?: string | false;
  /** Guards of the page. Default none: anyone who can reach it sees it. */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Prefix of all names. Default `jamsocket_`. */
  readonly prefix?: string;
  /**
   * Whether to add prom-client's metrics of the process (CPU, memory, event loop). Default: `true` without the option
   * `registry`, `false` with it.
   */
  readonly defaultMetrics?: boolean;
  /** Upper bounds of the buckets of all histograms, in seconds. Default: 0.1 ms to 30 s. */
  readonly buckets?: readonly number[];
}

/** The options, unchanged. */
export const PROMETHEUS_OPTIONS = Symbol('JAMSOCKET_PROMETHEUS_OPTIONS');
