import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultServer, Figures } from './fault-server.js';

/** Runs `work` for 0 to `count` - 1, `atOnce` of them at a time. */
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

/** Counts how often each of several outcomes occurred. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(label: string | number): void {
    this.#counts.set(String(label), this.of(label) + 1);
  }

  of(label: string | number): number {
    return this.#counts.get(String(label)) ?? 0;
  }

  /** Whether no other outcome than these occurred. */
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

/** Waits until the figures are as expected. @returns these figures, or the last ones when the time is up */
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
