import { performance } from 'node:perf_hooks';
import { ConnectRates } from '../../base/limits/connect-rates.js';
import type { Wanted } from '../../base/limits/shared-counts.js';
import { answerTo } from './answer-to.js';
import type { Answer, Ask, CountsCall, TakeRate } from '../messages.js';

const CALLS: ReadonlySet<string> = new Set<CountsCall>(['add', 'remove', 'take']);

/** What the workers count together, in the memory of the primary. What a worker has counted goes with it. */
export class CountsServer {
  readonly #totals = new Map<string, number>();
  readonly #ofWorkers = new Map<number, Map<string, number>>();
  /** By limit: workers of another version of the program may have another one. */
  readonly #rates = new Map<string, ConnectRates>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  isFor({ call }: Ask): boolean {
    return CALLS.has(call);
  }

  /** @param worker its number */
  answer(worker: number, ask: Ask): Answer {
    return answerTo(ask, () => this.#run(worker, ask.call as CountsCall, ask.arg as never));
  }

  /** A worker's process has ended. */
  ended(worker: number): void {
    for (const [name, count] of this.#ofWorkers.get(worker) ?? []) this.#change(this.#totals, name, -count);
    this.#ofWorkers.delete(worker);
  }

  /** How many of something there are. */
  of(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  #run(worker: number, call: CountsCall, arg: never): unknown {
    switch (call) {
      case 'add':
        return this.#add(worker, arg);
      case 'remove':
        for (const name of arg as readonly string[]) this.#count(worker, name, -1);
        return undefined;
      case 'take':
        return this.#take(arg);
    }
  }

  #add(worker: number, wanted: readonly Wanted[]): Wanted | undefined {
    const full = wanted.find(({ name, max }) => max !== undefined && this.of(name) >= max);
    if (full === undefined) for (const { name } of wanted) this.#count(worker, name, 1);
    return full;
  }

  #take({ key, limit }: TakeRate): boolean {
    const name = `${limit.rate}/${limit.burst}`;
    let rates = this.#rates.get(name);
    if (rates === undefined) this.#rates.set(name, (rates = new ConnectRates(limit)));
    return rates.take(key, this.now());
  }

  #count(worker: number, name: string, by: number): void {
    let own = this.#ofWorkers.get(worker);
    if (own === undefined) this.#ofWorkers.set(worker, (own = new Map<string, number>()));
    this.#change(own, name, by);
    this.#change(this.#totals, name, by);
  }

  #change(counts: Map<string, number>, name: string, by: number): void {
    const count = (counts.get(name) ?? 0) + by;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  }
}
