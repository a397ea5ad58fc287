import { readFileSync, writeFileSync } from 'node:fs';
import { OURS, OURS_METERED, PLAIN_WS } from './peers.js';
import { metricsOf, PER_CPU_SECOND, ratioOf, type Results } from './statistics.js';
import type { Workload } from './workloads.js';

/** A ratio that has fallen to less than this part of the recorded one is a fault and not noise; so is one with metrics on. */
const LEAST_PART = 2 / 3;

type Ratios = Record<string, number>;

/** Our throughput divided by that of the plain ws loop. */
export function ratiosOf(results: Results, workloads: readonly Workload[]): Ratios {
  return Object.fromEntries(
    workloads.map((workload) => {
      const { [OURS.name]: ours, [PLAIN_WS.name]: plain } = results[workload.name];
      const ratio = ratioOf(ours, plain, metricsOf(workload)[0])!.median;
      return [workload.name, Number(ratio.toPrecision(3))];
    }),
  );
}

export function writeRecord(record: URL, ratios: Ratios): void {
  writeFileSync(record, `${JSON.stringify(ratios, null, 2)}\n`);
}

/** The workloads whose recorded ratio is more than a third higher. */
export function fallen(ratios: Ratios, record: URL): { name: string; ratio: number; before: number }[] {
  const before = JSON.parse(readFileSync(record, 'utf8')) as Ratios;
  return Object.entries(ratios)
    .map(([name, ratio]) => ({ name, ratio, before: before[name] ?? 0 }))
    .filter(({ ratio, before: once }) => ratio < once * LEAST_PART);
}

/** The workloads that metrics slow down: their throughput for each second of CPU, divided by that without metrics. */
export function slowedByMetrics(results: Results, workloads: readonly Workload[]): { name: string; ratio: number }[] {
  return workloads.flatMap(({ name }) => {
    const { [OURS.name]: ours, [OURS_METERED.name]: metered } = results[name];
    const ratio = metered && ratioOf(metered, ours, PER_CPU_SECOND)?.median;
    return ratio !== undefined && ratio < LEAST_PART ? [{ name, ratio: Number(ratio.toPrecision(3)) }] : [];
  });
}
