export interface LeaseSettings {
  /** The same on all nodes. */
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** Milliseconds before the earliest end of the lease at which the node stops its rooms. */
  readonly marginMs: number;
  /** Milliseconds without the directory after which the node gives up its rooms. */
  readonly graceMs: number;
  /** The directory notices the end of a node's process itself: while it confirms the lease, no time ends it. */
  readonly endsWithProcess?: boolean;
}

export const LEASE_DEFAULTS: LeaseSettings = { leaseMs: 2_000, renewEveryMs: 500, marginMs: 250, graceMs: 10_000 };
