import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { JamsocketConfigurationError } from '../base/errors.js';
import { checkedPrometheusOptions, type JamsocketPrometheusOptions } from './prometheus-options.js';

describe('the options of the metrics for Prometheus', () => {
  it.each<JamsocketPrometheusOptions>([
    {},
    { path: false },
    { path: 'ops/metrics', prefix: '', guards: [class Guard {} as never, { canActivate: () => true }] },
    { registry: new Registry(), prefix: 'app:rooms_', defaultMetrics: false, buckets: [0.001, 0.5, 10] },
  ])('%j is taken as it is', (options) => {
    expect(checkedPrometheusOptions(options)).toBe(options);
  });

  it.each<[object, string]>([
    // The page would be open to everyone.
    [{ guard: [] }, 'options has no option "guard": it has registry, path, guards,'],
    [{ guards: [{}] }, 'options.guards is [ {} ], but must be a list of guards'],
    [{ registry: {} }, 'options.registry is {}, but must be a Registry of prom-client'],
    [{ registry: null }, 'options.registry is null'],
    [{ path: '' }, "options.path is ''"],
    [{ path: '/metrics/:room' }, "options.path is '/metrics/:room', but must be a path such as '/metrics'"],
    [{ path: true }, 'options.path is true'],
    [{ prefix: 'my-app_' }, "options.prefix is 'my-app_', but must be a prefix such as 'jamsocket_'"],
    [{ prefix: '1_' }, "options.prefix is '1_'"],
    [{ defaultMetrics: 'no' }, "options.defaultMetrics is 'no', but must be true or false"],
    [{ buckets: [] }, 'options.buckets is []'],
    [{ buckets: [1, 0.5] }, 'options.buckets is [ 1, 0.5 ], but must be a list of positive numbers of seconds'],
    [{ buckets: [0, 1] }, 'options.buckets is'],
    [{ buckets: [1, NaN] }, 'options.buckets is'],
    [{ buckets: 5 }, 'options.buckets is 5'],
  ])('%j is refused with the option, its value and what is allowed', (options, message) => {
    const check = () => checkedPrometheusOptions(options);
    expect(check).toThrow(JamsocketConfigurationError);
    expect(check).toThrow(`JamsocketPrometheusModule.forRoot: ${message}`);
  });
});
