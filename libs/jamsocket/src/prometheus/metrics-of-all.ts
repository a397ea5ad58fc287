import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Siblings } from '../node/siblings.js';

const CALL = 'metrics';

/** Gives the metrics of this process to its siblings. */
export function answerSiblings(registry: Registry, siblings: Siblings): void {
  siblings.answer(CALL, () => registry.getMetricsAsJSON());
}

/**
 * The metrics of all processes that share this one's port, in Prometheus's format. Values of the same labels are added up,
 * except where a metric says otherwise: prom-client's `aggregator`.
 */
export async function metricsOfAll(registry: Registry, siblings: Siblings): Promise<string> {
  const [others, own] = await Promise.all([siblings.askAll(CALL), registry.getMetricsAsJSON()]);
  return AggregatorRegistry.aggregate([own, ...others] as never).metrics();
}
