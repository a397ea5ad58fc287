import { describe, expect, it } from '@jest/globals';
import { metrics, trace } from '@opentelemetry/api';
import { JamsocketConfigurationError } from '../base/errors.js';
import { checkOpenTelemetryOptions, type JamsocketOpenTelemetryOptions } from './opentelemetry-options.js';

describe('the options of OpenTelemetry', () => {
  it.each<JamsocketOpenTelemetryOptions>([
    {},
    { metrics: false, spans: true, upgradeContext: 'ignored' },
    { meterProvider: metrics.getMeterProvider(), tracerProvider: trace.getTracerProvider() },
  ])('are allowed: %j', (options) => {
    expect(() => checkOpenTelemetryOptions(options)).not.toThrow();
  });

  it.each<[object, string]>([
    // The traces of clients that are not trusted would be continued.
    [{ upgradeContext: 'ignore' }, "options.upgradeContext is 'ignore', but must be 'parent', 'link' or 'ignored'"],
    [{ upgradeContexts: 'ignored' }, 'options has no option "upgradeContexts"'],
    [{ spans: 'no' }, "options.spans is 'no', but must be true or false"],
    [{ meterProvider: {} }, 'options.meterProvider is {}, but must be a MeterProvider of OpenTelemetry'],
    [{ tracerProvider: null }, 'options.tracerProvider is null, but must be a TracerProvider'],
  ])('%j is refused with the option, its value and what is allowed', (options, message) => {
    const check = () => checkOpenTelemetryOptions(options);
    expect(check).toThrow(JamsocketConfigurationError);
    expect(check).toThrow(`JamsocketOpenTelemetryModule.forRoot: ${message}`);
  });
});
