import type { CanActivate, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { badOption, boolean, guardList, object, withMethod } from '../options/rules.js';

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

const check = object<unknown>({
  registry: withMethod('registerMetric', 'a Registry of prom-client'),
  path: pagePath,
  guards: guardList,
  prefix: namePrefix,
  defaultMetrics: boolean(true),
  buckets: upperBounds,
});

/** @returns the options @throws JamsocketConfigurationError for a bad value and for an unknown option */
export function checkedPrometheusOptions(given: JamsocketPrometheusOptions): JamsocketPrometheusOptions {
  check(given, 'JamsocketPrometheusModule.forRoot: options');
  return given;
}

function pagePath(value: unknown, path: string): void {
  if (value === undefined || value === false || (typeof value === 'string' && /^[^\s?#:*]+$/.test(value))) return;
  throw badOption(path, value, "a path such as '/metrics', without parameters, or false");
}

function namePrefix(value: unknown, path: string): void {
  if (value === undefined || (typeof value === 'string' && /^([a-zA-Z_:][\w:]*)?$/.test(value))) return;
  throw badOption(path, value, "a prefix such as 'jamsocket_': letters, digits, _ and :, without a digit at its start");
}

function upperBounds(value: unknown, path: string): void {
  const isBound = (bound: unknown, at: number, all: readonly unknown[]) =>
    Number.isFinite(bound) && (bound as number) > (at === 0 ? 0 : (all[at - 1] as number));
  if (value === undefined || (Array.isArray(value) && value.length > 0 && value.every(isBound))) return;
  throw badOption(path, value, 'a list of positive numbers of seconds in ascending order');
}
