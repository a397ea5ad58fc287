import { AddressCounts, addressKey } from './address-counts.js';

/** What is counted, and the most of it that may be there. Without `max` there is no limit. */
export interface Wanted {
  readonly name: string;
  readonly max?: number;
}

/**
 * Counts that the processes of one machine share, so that limits hold for the machine.
 *
 * An implementation
 * - MUST count all that is wanted, or nothing;
 * - MUST give back everything that a process has counted when that process ends;
 * - MUST do what a process asks for in the order of its calls.
 */
export interface SharedCounts {
  /** Counts one more of each. @returns the first one that is at its maximum: then nothing was counted */
  add(wanted: readonly Wanted[]): Promise<Wanted | undefined>;
  /** Counts one less of each. Never throws. */
  remove(names: readonly string[]): void;
  /** Takes one from the rate of an address. @returns false if it is too soon */
  take(key: string, limit: { readonly rate: number; readonly burst: number }): Promise<boolean>;
}

/** Name of the count of all connections. */
export const CONNECTIONS = 'connections';

/** Name of the count of an address's connections. */
export function connectionsOf(ip: string): string {
  return `connections of ${addressKey(ip)}`;
}

/** Counts of this process that count for the machine, too: places that are kept for resume are connections there. */
export class SharedPlaces extends AddressCounts {
  constructor(private readonly counts: SharedCounts) {
    super();
  }

  override add(ip: string): void {
    super.add(ip);
    // Without a maximum it is not refused, and where the counts are away this process ends.
    this.counts.add([{ name: CONNECTIONS }, { name: connectionsOf(ip) }]).catch(() => undefined);
  }

  override remove(ip: string): void {
    super.remove(ip);
    this.counts.remove([CONNECTIONS, connectionsOf(ip)]);
  }
}
