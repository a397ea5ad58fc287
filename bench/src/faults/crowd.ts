import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultServer, Figures } from './fault-server.js';

/** Does `work` for 0, 1, 2 … `count` - 1, so many of them at once. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (n: number) => void | Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}

/** How often each of several things was the case. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(label: string | number): void {
    this.#counts.set(String(label), this.of(label) + 1);
  }

  of(label: string | number): number {
    return this.#counts.get(String(label)) ?? 0;
  }

  /** Whether nothing but these was ever the case. */
  hasOnly(...labels: readonly (string | number)[]): boolean {
    return [...this.#counts.keys()].every((label) => labels.map(String).includes(label));
  }

  toString(): string {
    const parts = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return parts.map(([label, count]) => `${count.toLocaleString('en-US')} × ${label}`).join(', ');
  }
}

export function tallyOf(labels: Iterable<string | number>): Tally {
  const tally = new Tally();
  for (const label of labels) tally.add(label);
  return tally;
}

/** The figures as soon as they are as they should be, or those at the end of the wait. */
export async function settled(
  server: FaultServer,
  isSettled: (figures: Figures) => boolean,
  waitMs = 5_000,
): Promise<Figures> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const figures = await server.figures();
    if (isSettled(figures) || performance.now() > deadline) return figures;
    await sleep(50);
  }
}
