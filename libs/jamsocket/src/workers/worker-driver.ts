import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { ClusterDriver, DriverCheck } from '../cluster/cluster-driver.js';
import type { Directory } from '../cluster/directory.js';
import type { LeaseSettings } from '../cluster/lease/lease-settings.js';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import type { Relay } from '../cluster/relay.js';
import { ChannelDirectory } from './channel/channel-directory.js';
import type { Channel } from './messages.js';
import { SocketRelay } from './socket-relay.js';

/**
 * The primary notices the end of a worker's process, so time ends no lease: a worker that is busy or stopped for a while
 * keeps its rooms. Timers wait for twice a lease at most, so it cannot be longer.
 */
const LEASE: Partial<LeaseSettings> = { leaseMs: 10 * 24 * 3_600_000, endsWithProcess: true };

const MAX_BYTES_UNDER_WAY = 4 * 1_024 * 1_024;

/** The workers of this machine as a cluster. */
export class WorkerDriver implements ClusterDriver {
  readonly leaseTimes = LEASE;
  readonly sharesPort = true;

  /** @param folder for the sockets between the workers */
  constructor(
    private readonly channel: Channel,
    private readonly folder: string,
    readonly sockets: SocketHandOver,
    readonly counts: SharedCounts,
  ) {}

  async check(): Promise<DriverCheck> {
    return {
      description: `the workers of process ${process.ppid} on this machine`,
      maxBytesUnderWay: MAX_BYTES_UNDER_WAY,
    };
  }

  openDirectory(): Directory {
    return new ChannelDirectory(this.channel);
  }

  openRelay(): Relay {
    return new SocketRelay(this.folder);
  }
}
