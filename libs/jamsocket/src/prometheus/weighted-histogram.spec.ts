import { describe, expect, it } from '@jest/globals';
import { Histogram, Registry, type Metric } from 'prom-client';
import { WeightedHistogram } from './weighted-histogram.js';

const BOUNDS = [0.1, 1, 10];
const LABELS = { service: 'chat', handler: 'ChatRoom."message"' };

describe('a weighted histogram', () => {
  it('looks on the page like one of prom-client that was given each value as often', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const weighted = new WeightedHistogram('duration', 'How long.', ['service', 'handler'], BOUNDS);
    ours.registerMetric(weighted as unknown as Metric);
    const plain = new Histogram({
      name: 'duration',
      help: 'How long.',
      labelNames: ['service', 'handler'],
      buckets: BOUNDS,
      registers: [theirs],
    });
    for (const [value, times] of [
      [0.1, 3],
      [0.5, 1],
      [10.25, 2],
    ]) {
      weighted.series(LABELS).record(value, times);
      for (let time = 0; time < times; time++) plain.observe(LABELS, value);
    }
    expect(linesOf(await ours.metrics())).toEqual(linesOf(await theirs.metrics()));
    expect(await ours.getMetricsAsJSON()).toMatchObject([{ name: 'duration', type: 'histogram', aggregator: 'sum' }]);
    ours.resetMetrics();
    expect(await ours.metrics()).toContain('duration_count{service="chat",handler="ChatRoom.\\"message\\""} 0');
  });

  it('without labels is there before its first value', async () => {
    const registry = new Registry();
    registry.registerMetric(new WeightedHistogram('duration', 'How long.', [], BOUNDS) as unknown as Metric);
    expect(await registry.metrics()).toContain('duration_count 0');
  });
});

/** The order of labels is of no importance. */
function linesOf(page: string): string[] {
  return page
    .split('\n')
    .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => labels.split(',').sort().join()));
}
