import type { CanActivate, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';

/** Options of `JamsocketPrometheusModule.forRoot`. */
export interface JamsocketPrometheusOptions {
  /**
   * Where the metrics are registered: give the registry of the application's own metrics to have all of them on one
   * page. Default: a new one, which `PrometheusMetrics.registry` shows.
   */
  readonly registry?: Registry;
  /** Path of the page, under the global prefix if there is one; `false` for none. Default `/metrics`. */
  readonly path?: string | false;
  /** Who may see the page. Default: everyone who can reach it. */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** What all names begin with. Default `jamsocket_`. */
  readonly prefix?: string;
  /**
   * Whether prom-client's metrics of the process are there too (CPU, memory, event loop).
   * Default: yes in a registry of our own, no in one that was given.
   */
  readonly defaultMetrics?: boolean;
  /** Upper bounds of the buckets of the durations, in seconds. Default: 0.1 ms to 30 s. */
  readonly buckets?: readonly number[];
}

/** The options as they were given. */
export const PROMETHEUS_OPTIONS = Symbol('JAMSOCKET_PROMETHEUS_OPTIONS');
