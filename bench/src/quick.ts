import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { OURS, PLAIN_WS } from './peers.js';
import { metricsOf, ratioOf, type Results } from './statistics.js';
import type { Workload } from './workloads.js';

/** A ratio that has fallen to less than this part of what it was is a fault, and not noise. */
const LEAST_PART = 2 / 3;

/** Compares the ratios with those on record. @returns the exit code */
export function guard(
  results: Results,
  workloads: readonly Workload[],
  record: URL,
  isRebase: boolean,
  say: (line: string) => void,
): number {
  const ratios = Object.fromEntries(
    workloads.map((workload) => {
      const { [OURS.name]: ours, [PLAIN_WS.name]: plain } = results[workload.name];
      const ratio = ratioOf(ours, plain, metricsOf(workload)[0])!.median;
      return [workload.name, Number(ratio.toPrecision(3))];
    }),
  );
  if (isRebase || !existsSync(record)) {
    writeFileSync(record, `${JSON.stringify(ratios, null, 2)}\n`);
    say('Written down as what later runs are compared with.');
    return 0;
  }
  const before = JSON.parse(readFileSync(record, 'utf8')) as Record<string, number>;
  const fallen = Object.entries(ratios).filter(([name, ratio]) => ratio < (before[name] ?? 0) * LEAST_PART);
  for (const [name, ratio] of fallen) say(`${name} has fallen: ${ratio} times the plain ws loop, was ${before[name]}`);
  if (fallen.length === 0) say('No ratio has fallen by more than a third.');
  return fallen.length === 0 ? 0 : 1;
}
