import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { Directory } from './directory.js';
import type { LeaseSettings } from './lease/lease-settings.js';
import type { SocketHandOver } from './socket-hand-over.js';
import type { Relay } from './relay.js';

/** Opens the directory and the relay of a cluster. Each call opens a new one, which the caller closes. */
export interface ClusterDriver {
  /**
   * Checks the server and describes it for the log at boot.
   * @throws JamsocketConfigurationError if the server or its settings cannot carry a cluster
   */
  check(): Promise<DriverCheck>;
  /** Milliseconds without the directory after which a node gives up its rooms. Default 10,000. */
  readonly graceMs?: number;
  /** How leases are kept, where the directory learns of the end of a node by other means. */
  readonly leaseTimes?: Partial<LeaseSettings>;
  /**
   * The nodes share one port, so a node that shuts down must stop listening before its rooms drain: otherwise it gets clients
   * that another node would take.
   */
  readonly sharesPort?: boolean;
  /** Which nodes share the port, this one included. Default: all nodes. */
  readonly siblings?: ReadonlySet<string>;
  /** Gives sockets to nodes in other processes of this machine. Without it, their clients are relayed. */
  readonly sockets?: SocketHandOver;
  /** Counts for limits that the nodes share. Without it, limits hold for each node. */
  readonly counts?: SharedCounts;
  openDirectory(): Directory;
  openRelay(): Relay;
}

export interface DriverCheck {
  /** How durable the server is and what is wrong with its settings, in one line. */
  readonly description: string;
  /** Most bytes under way to one node, from all others together. */
  readonly maxBytesUnderWay: number;
}
