import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS, type MetricName } from '../libs/jamsocket/src/metrics/metric-table.js';
import { OPENTELEMETRY_NAMES } from '../libs/jamsocket/src/opentelemetry/opentelemetry-metrics.js';
import { DEFAULT_PREFIX, PROMETHEUS_NAMES } from '../libs/jamsocket/src/prometheus/prometheus-names.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

const read = (path: string) => readFileSync(`${import.meta.dirname}/../docs/${path}`, 'utf8');
const doc = read('observability.md');
const dashboard = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
const names = Object.keys(METRICS) as MetricName[];

/** Names of all series that a page can have: ours, and those of prom-client's own metrics. */
function seriesNames(): Set<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = names.flatMap((name) => {
    const full = DEFAULT_PREFIX + PROMETHEUS_NAMES[name];
    return METRICS[name].type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => full + end) : [full];
  });
  return new Set([...own, ...registry.getMetricsAsArray().map(({ name }) => name)]);
}

/** The metrics of an expression in PromQL: what is no function, label, string or variable of it. */
function metricsOf(expression: string): string[] {
  return expression.match(/\b(?:jamsocket|process|nodejs)_\w+/g) ?? [];
}

const known = seriesNames();
const unknownIn = (expressions: readonly string[]) =>
  expressions.flatMap(metricsOf).filter((metric) => !known.has(metric));

describe('docs/observability.md', () => {
  it('lists every metric with both its names, type, unit, labels and meaning', () => {
    const rows = doc
      .split('\n')
      .filter((line) => line.startsWith('| `jamsocket_'))
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
    const wanted = names.map((name) => {
      const { type, unit, labels, description } = METRICS[name];
      const full = DEFAULT_PREFIX + PROMETHEUS_NAMES[name];
      return [full, OPENTELEMETRY_NAMES[name], type, unit, labels.join(', '), description];
    });
    expect(rows).toEqual(wanted);
  });

  it('has alerts on metrics that are there', () => {
    const alerts = [...doc.matchAll(/^\s+expr: (.*)$/gm)].map(([, expr]) => expr);
    expect(alerts.length).toBeGreaterThan(4);
    for (const alert of alerts) expect(metricsOf(alert).length).toBeGreaterThan(0);
    expect(unknownIn(alerts)).toEqual([]);
  });
});

describe('docs/grafana-dashboard.json', () => {
  const shown = dashboard.panels.filter(({ type }) => type !== 'row');
  const expressions = dashboard.panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr));

  it('shows metrics that are there, and every one of ours', () => {
    expect(unknownIn(expressions)).toEqual([]);
    const used = expressions.flatMap(metricsOf);
    const unused = names.filter(
      (name) => !used.some((metric) => metric.startsWith(DEFAULT_PREFIX + PROMETHEUS_NAMES[name])),
    );
    expect(unused).toEqual([]);
  });

  it('asks for the data source and for the service, and every panel has something to show', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['service', 'query'],
    ]);
    expect(shown.filter(({ targets }) => (targets ?? []).length === 0)).toEqual([]);
    const unnamed = expressions.filter((expr) => expr.includes('"$') && !expr.includes('service=~"$service"'));
    expect(unnamed).toEqual([]);
  });

  it('has panels with ids of their own, none over another, none beyond the edge', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
