import type { SharedCounts, Wanted } from '../../base/limits/shared-counts.js';
import type { ChannelCalls } from './channel-calls.js';
import type { TakeRate } from '../messages.js';

/** The counts in the primary, over the channel between a worker and the primary. */
export class ChannelCounts implements SharedCounts {
  constructor(private readonly calls: ChannelCalls) {}

  add(wanted: readonly Wanted[]): Promise<Wanted | undefined> {
    // JSON has no Infinity.
    return this.calls.ask(
      'add',
      wanted.map(({ name, max }) => (max === Infinity ? { name } : { name, max })),
    );
  }

  remove(names: readonly string[]): void {
    this.calls.tell('remove', names).catch(() => undefined);
  }

  take(key: string, limit: TakeRate['limit']): Promise<boolean> {
    return this.calls.ask('take', { key, limit } satisfies TakeRate);
  }
}
